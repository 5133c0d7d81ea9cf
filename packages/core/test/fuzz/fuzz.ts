import { SyncError } from '@sync/core'
import { createSeededRandom } from '../simulation/seeded-random.ts'
import { mutate } from './mutate.ts'
import type { FuzzTarget } from './target.ts'

/** How many inputs were taken, and how many refused. */
export interface FuzzResult {
  readonly accepted: number
  readonly rejected: number
}

/** Whose members nobody but the language may add to. */
const SHARED_PROTOTYPES = [Object, Array, Function, String, Number, Map, Error].map(
  ({ prototype }) => prototype as object,
)

const members = (): number => SHARED_PROTOTYPES.reduce((sum, each) => sum + Reflect.ownKeys(each).length, 0)

/**
 * Gives a target `inputs` random inputs, made from `seed` and the numbers after it; tells of each before it is given.
 * @throws Error with the seed of the input that it did not bear
 */
export function fuzz(
  target: FuzzTarget,
  inputs: number,
  seed: number,
  onInput: (seed: number) => void = () => {},
): FuzzResult {
  const before = members()
  let rejected = 0
  for (let at = seed; at < seed + inputs; at++) {
    onInput(at)
    const dice = createSeededRandom(at)
    try {
      target({ ...dice, mutate: (example) => mutate(example, dice) })
    } catch (cause) {
      if (!(cause instanceof SyncError)) throw new Error(`seed ${at}: ${String(cause)}`, { cause })
      rejected++
    }
    if (members() !== before) throw new Error(`seed ${at}: a prototype that all share was changed`)
  }
  return { accepted: inputs - rejected, rejected }
}
