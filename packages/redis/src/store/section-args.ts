import { type Fork, type SectionRef, type SectionState, scopeId } from '@sync/core/adapter'
import { type KeyLayout, metaKey } from '../names.ts'

/** Elements of a reply that tell one section's standing. */
const STATE_ELEMENTS = 5

/** The sections that one script call is about, and the epoch each begins if it has to. */
export class SectionArgs {
  readonly keys: string[] = []
  readonly refs: SectionRef[] = []
  readonly #layout: KeyLayout
  readonly #indexes = new Map<string, number>()

  constructor(layout: KeyLayout) {
    this.#layout = layout
  }

  /** The section's place in the call, from 1, as Lua counts. */
  indexOf(ref: SectionRef): number {
    const id = scopeId({ partition: ref.partition, section: ref.section })
    const known = this.#indexes.get(id)
    if (known !== undefined) return known
    this.refs.push(ref)
    const index = this.keys.push(metaKey(ref, this.#layout))
    this.#indexes.set(id, index)
    return index
  }

  /** What tells the script of them: their number, and for each the id of an epoch that it may begin. */
  args(epochId: string): string[] {
    return [`${this.keys.length}`, ...this.keys.map((_, at) => (at === 0 ? epochId : `${epochId}${at}`))]
  }

  /** Their standings, with which every reply begins, and the rest of it. */
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

/** Adds how the section is defined, if anybody has said so. */
export const withDefinition = (state: SectionState, subscribeBy: string | undefined, digest: string): SectionState =>
  subscribeBy === 'section' || subscribeBy === 'document' ? { ...state, definition: { subscribeBy, digest } } : state

let lastParsed: { readonly text: string; readonly ancestors: readonly Fork[] } = { text: '', ancestors: [] }

/** `,epoch sequence answers` for each. Most answers repeat the one before. */
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
