import { type Fork, type SectionRef, type SectionState, scopeId } from '@sync/core/adapter'
import { type KeyLayout, metaKey } from '../names.ts'

/** Number of reply elements per section state. */
const STATE_ELEMENTS = 5

/** The sections of one script call, each with a candidate id in case it must begin an epoch. */
export class SectionArgs {
  readonly keys: string[] = []
  readonly refs: SectionRef[] = []
  readonly #layout: KeyLayout
  readonly #indexes = new Map<string, number>()

  constructor(layout: KeyLayout) {
    this.#layout = layout
  }

  /** Adds the section if it is new. Returns its index in the call, from 1 as in Lua. */
  indexOf(ref: SectionRef): number {
    const id = scopeId({ partition: ref.partition, section: ref.section })
    const known = this.#indexes.get(id)
    if (known !== undefined) return known
    this.refs.push(ref)
    const index = this.keys.push(metaKey(ref, this.#layout))
    this.#indexes.set(id, index)
    return index
  }

  /** Returns the script arguments: the number of sections, and a candidate epoch id for each. */
  args(epochId: string): string[] {
    return [`${this.keys.length}`, ...this.keys.map((_, at) => (at === 0 ? epochId : `${epochId}${at}`))]
  }

  /** Splits a reply into the section states, which come first, and the rest. */
  parseReply(reply: readonly string[]): { readonly states: readonly SectionState[]; readonly rest: readonly string[] } {
    const states = this.keys.map((_, at) =>
      parseSectionState(reply.slice(at * STATE_ELEMENTS, (at + 1) * STATE_ELEMENTS)),
    )
    return { states, rest: reply.slice(this.keys.length * STATE_ELEMENTS) }
  }
}

function parseSectionState([
  epoch = '',
  counts = '',
  lineage = '',
  subscribeBy = '',
  digest = '',
]: readonly string[]): SectionState {
  const [sequence = 0, opResultCount = 0] = counts.split(' ').map(Number)
  return withDefinition({ epoch, sequence, opResultCount, ancestors: parseAncestors(lineage) }, subscribeBy, digest)
}

/** Adds the section's definition, if one was ever committed. */
export const withDefinition = (state: SectionState, subscribeBy: string | undefined, digest: string): SectionState =>
  subscribeBy === 'section' || subscribeBy === 'document' ? { ...state, definition: { subscribeBy, digest } } : state

let lastParsed: { readonly text: string; readonly ancestors: readonly Fork[] } = { text: '', ancestors: [] }

/** Parses `,epoch sequence opResultCount` per fork. Caches the last text, because most replies repeat it. */
function parseAncestors(text: string): readonly Fork[] {
  if (text !== lastParsed.text) {
    const ancestors = text.split(',').flatMap((fork) => {
      const [epoch = '', sequence, opResultCount] = fork.split(' ')
      return epoch === '' ? [] : [{ epoch, sequence: Number(sequence), opResultCount: Number(opResultCount) }]
    })
    lastParsed = { text, ancestors }
  }
  return lastParsed.ancestors
}
