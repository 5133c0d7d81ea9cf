import type { SeededRandom } from '../simulation/seeded-random.ts'

/** Random choices from which a target generates its input. */
export interface FuzzInput extends SeededRandom {
  /** Returns the example with a few random cuts, repetitions and insertions. */
  mutate(example: string): string
}

/** Parses one random input. Must either accept it or throw a `SyncError`, and must not keep state. */
export type FuzzTarget = (given: FuzzInput) => void
