import type { SeededRandom } from '../simulation/seeded-random.ts'

/** What a target is given to make its input of. */
export interface FuzzInput extends SeededRandom {
  /** Text made of an example by a few random cuts, repeats and insertions. */
  mutate(example: string): string
}

/** Something that is given what it was not made for. Throws `SyncError`s alone, whatever the input; no state is kept. */
export type FuzzTarget = (given: FuzzInput) => void
