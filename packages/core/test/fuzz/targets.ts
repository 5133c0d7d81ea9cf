import { SyncError } from '@sync/core'
import { decodeChange, decodeFrame } from '@sync/core/adapter'
import { apply, formatPointer, type Json, type Operation, parsePointer } from '@sync/core/patch'
import { createDice, type Dice } from '../simulation/dice.ts'
import { mutate } from './mutate.ts'

/** Something that is given what it was not made for. Throws `SyncError`s alone, whatever the input. */
type Target = (dice: Dice) => void

const CHANGE =
  '["k",1,2,3,1775000000000,[["a",2,0,{"b":[1,"x"]}],["c",2,1,[[0,"/d/0",1],[1,"/e"]]],["f",2]],{"by":"me"}]'
const FRAME = `[1,"epoch","origin",[${CHANGE}]]`
const PATCH =
  '[{"op":"add","path":"/a/0","value":{"b":1}},{"op":"move","from":"/a/1","path":"/c"},{"op":"copy","from":"/a","path":"/d/e"},{"op":"test","path":"/c","value":1},{"op":"replace","path":"/d/e","value":[]},{"op":"remove","path":"/a/0"}]'
const DOCUMENT = Object.freeze({
  a: Object.freeze([1, Object.freeze({ b: 2 }), 'x']),
  c: 'y',
  d: Object.freeze({ e: null }),
}) as unknown as Json

/** What comes from outside, by name. */
export const targets: Readonly<Record<string, Target>> = {
  'wire decoder, text': (dice) => decodeFrame(mutate(FRAME, dice)),
  'wire decoder, bytes': (dice) => {
    const bytes = Buffer.from(FRAME)
    for (let edits = 1 + dice.int(4); edits > 0; edits--) bytes[dice.int(bytes.length)] = dice.int(256)
    decodeFrame(bytes)
  },
  'change decoder': (dice) => decodeChange({ key: 'k', epoch: 'e', origin: 'o', text: mutate(CHANGE, dice) } as never),
  'patch applier': (dice) => {
    // frozen: what writes into it fails by a TypeError
    apply(DOCUMENT, patch(dice))
  },
  pointer: (dice) => {
    const pointer = mutate('/a~0b/c~1d/0/-', dice)
    const back = formatPointer(parsePointer(pointer))
    if (back !== pointer) throw new Error(`${JSON.stringify(pointer)} comes back as ${JSON.stringify(back)}`)
  },
}

/** Patches that are JSON: one that is not never comes as far as the applier. */
function patch(dice: Dice): Operation[] {
  for (;;) {
    try {
      const parsed = JSON.parse(mutate(PATCH, dice)) as Json
      if (Array.isArray(parsed) && parsed.every((each) => typeof each === 'object' && each !== null))
        return parsed as unknown as Operation[]
    } catch {
      // once more
    }
  }
}

/** How many inputs were taken, and how many refused. */
export interface Fuzzed {
  readonly taken: number
  readonly refused: number
}

/** Gives a target `inputs` random inputs. @throws Error with the seed of the input that it did not bear */
export function fuzz(name: string, inputs: number, seed: number): Fuzzed {
  let refused = 0
  for (let at = seed; at < seed + inputs; at++) {
    try {
      targets[name]?.(createDice(at))
    } catch (cause) {
      if (!(cause instanceof SyncError)) throw new Error(`${name}, seed ${at}: ${String(cause)}`, { cause })
      refused++
    }
    if ('polluted' in {}) throw new Error(`${name}, seed ${at}: the prototype of all objects was changed`)
  }
  return { taken: inputs - refused, refused }
}
