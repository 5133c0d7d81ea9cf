import { SyncError } from '@sync/core'
import { createSeededRandom } from '../simulation/seeded-random.ts'
import { mutate } from './mutate.ts'
import type { FuzzTarget } from './target.ts'

/** Numbers of accepted and rejected inputs. */
export interface FuzzResult {
  readonly accepted: number
  readonly rejected: number
}

/** Built-in prototypes, which no target may change. */
const SHARED_PROTOTYPES = [Object, Array, Function, String, Number, Map, Error].map(
  ({ prototype }) => prototype as object,
)

const countMembers = (): number =>
  SHARED_PROTOTYPES.reduce((sum, prototype) => sum + Reflect.ownKeys(prototype).length, 0)

/**
 * Gives a target `inputs` random inputs, generated from `seed` and the following numbers. Calls `onInput` before each.
 * @throws Error with the seed of the failing input
 */
export function fuzz(
  target: FuzzTarget,
  inputs: number,
  seed: number,
  onInput: (seed: number) => void = () => {},
): FuzzResult {
  const memberCount = countMembers()
  let rejected = 0
  for (let at = seed; at < seed + inputs; at++) {
    onInput(at)
    const random = createSeededRandom(at)
    try {
      target({ ...random, mutate: (example) => mutate(example, random) })
    } catch (cause) {
      if (!(cause instanceof SyncError)) throw new Error(`seed ${at}: ${String(cause)}`, { cause })
      rejected++
    }
    if (countMembers() !== memberCount) throw new Error(`seed ${at}: the target changed a built-in prototype`)
  }
  return { accepted: inputs - rejected, rejected }
}
