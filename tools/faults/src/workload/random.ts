import { createVirtualRuntime } from '@sync/core/testing'

/** Random choices that are the same for the same seed. */
export interface Random {
  /** Returns an integer below `n`. */
  int(n: number): number
  /** Returns an integer from `min` to `max`, both inclusive. */
  between(min: number, max: number): number
  chance(probability: number): boolean
  pick<V>(values: readonly V[]): V
  shuffle<V>(values: readonly V[]): V[]
}

/** Creates random choices from a seed. */
export function createRandom(seed: number): Random {
  const { random } = createVirtualRuntime(seed)
  const int = (n: number): number => Math.floor(random() * n)
  return {
    int,
    between: (min, max) => min + int(max - min + 1),
    chance: (probability) => random() < probability,
    pick: (values) => values[int(values.length)] as never,
    shuffle(values) {
      const remaining = [...values]
      return values.map(() => remaining.splice(int(remaining.length), 1)[0] as never)
    },
  }
}
