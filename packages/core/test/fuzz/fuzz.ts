import { SyncError } from '@sync/core'
import { createDice } from '../simulation/dice.ts'
import { mutate } from './mutate.ts'
import type { Target } from './target.ts'

/** How many inputs were taken, and how many refused. */
export interface Fuzzed {
  readonly taken: number
  readonly refused: number
}

/** Whose members nobody but the language may add to. */
const SHARED = [Object, Array, Function, String, Number, Map, Error].map(({ prototype }) => prototype as object)

const members = (): number => SHARED.reduce((sum, each) => sum + Reflect.ownKeys(each).length, 0)

/**
 * Gives a target `inputs` random inputs, made from `seed` and the numbers after it; tells of each before it is given.
 * @throws Error with the seed of the input that it did not bear
 */
export function fuzz(target: Target, inputs: number, seed: number, onInput: (seed: number) => void = () => {}): Fuzzed {
  const before = members()
  let refused = 0
  for (let at = seed; at < seed + inputs; at++) {
    onInput(at)
    const dice = createDice(at)
    try {
      target({ ...dice, mutate: (example) => mutate(example, dice) })
    } catch (cause) {
      if (!(cause instanceof SyncError)) throw new Error(`seed ${at}: ${String(cause)}`, { cause })
      refused++
    }
    if (members() !== before) throw new Error(`seed ${at}: a prototype that all share was changed`)
  }
  return { taken: inputs - refused, refused }
}
