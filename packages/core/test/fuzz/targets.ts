import { decodeChange, decodeFrame } from '@sync/core/adapter'
import { apply, formatPointer, type Json, type Operation, parsePointer } from '@sync/core/patch'
import type { FuzzInput, FuzzTarget } from './target.ts'

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

/** Parsers of external input, by name. */
export const targets: Readonly<Record<string, FuzzTarget>> = {
  'wire decoder, text': ({ mutate }) => decodeFrame(mutate(FRAME)),
  'wire decoder, bytes': ({ int }) => {
    const bytes = Buffer.from(FRAME)
    for (let edits = 1 + int(4); edits > 0; edits--) bytes[int(bytes.length)] = int(256)
    decodeFrame(bytes)
  },
  'change decoder': ({ mutate }) => decodeChange({ key: 'k', epoch: 'e', origin: 'o', text: mutate(CHANGE) } as never),
  'patch applier': (given) => {
    // the document is frozen, so that a write into it throws a TypeError
    apply(DOCUMENT, patch(given))
  },
  pointer: ({ mutate }) => {
    const pointer = mutate('/a~0b/c~1d/0/-')
    const back = formatPointer(parsePointer(pointer))
    if (back !== pointer) throw new Error(`expected ${JSON.stringify(pointer)} back, got ${JSON.stringify(back)}`)
  },
}

/** Returns a mutated patch that is still valid JSON. Other text never reaches the patch applier. */
function patch({ mutate }: FuzzInput): Operation[] {
  for (;;) {
    try {
      const parsed = JSON.parse(mutate(PATCH)) as Json
      if (Array.isArray(parsed) && parsed.every((each) => typeof each === 'object' && each !== null))
        return parsed as unknown as Operation[]
    } catch {
      // not JSON: try again
    }
  }
}
