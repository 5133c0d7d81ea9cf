import { createVirtualRuntime } from '@sync/core/testing'

/** Random choices, the same for the same seed. */
export interface Random {
  /** A whole number below `n`. */
  int(n: number): number
  /** A whole number from `least` to `most`. */
  between(min: number, max: number): number
  chance(probability: number): boolean
  pick<V>(values: readonly V[]): V
  shuffle<V>(values: readonly V[]): V[]
}

/** Dice of a seed. */
export function createRandom(seed: number): Random {
  const { random } = createVirtualRuntime(seed)
  const int = (n: number): number => Math.floor(random() * n)
  return {
    int,
    between: (min, max) => min + int(max - min + 1),
    chance: (probability) => random() < probability,
    pick: (values) => values[int(values.length)] as never,
    shuffle(values) {
      const left = [...values]
      return values.map(() => left.splice(int(left.length), 1)[0] as never)
    },
  }
}
