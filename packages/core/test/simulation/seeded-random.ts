import { createVirtualRuntime } from '@sync/core/testing'

/** Random choices that are the same for the same seed. */
export interface SeededRandom {
  /** Returns an integer below `n`. */
  int(n: number): number
  chance(probability: number): boolean
  pick<V>(values: readonly V[]): V
}

export function createSeededRandom(seed: number): SeededRandom {
  const { random } = createVirtualRuntime(seed)
  const int = (n: number): number => Math.floor(random() * n)
  return { int, chance: (probability) => random() < probability, pick: (values) => values[int(values.length)] as never }
}
