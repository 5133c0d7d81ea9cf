import { type Fork, type SectionRef, type Standing, scopeId } from '@sync/core/adapter'
import { type Layout, metaKey } from '../names.ts'

/** Elements of a reply that tell one section's standing. */
const PARTS = 5

/** The sections that one script call is about, and the epoch each begins if it has to. */
export class Sections {
  readonly keys: string[] = []
  readonly refs: SectionRef[] = []
  readonly #layout: Layout
  readonly #indexes = new Map<string, number>()

  constructor(layout: Layout) {
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
  args(candidate: string): string[] {
    return [`${this.keys.length}`, ...this.keys.map((_, at) => (at === 0 ? candidate : `${candidate}${at}`))]
  }

  /** Their standings, with which every reply begins, and the rest of it. */
  read(reply: readonly string[]): { readonly standings: readonly Standing[]; readonly rest: readonly string[] } {
    const standings = this.keys.map((_, at) => standingOf(reply.slice(at * PARTS, (at + 1) * PARTS)))
    return { standings, rest: reply.slice(this.keys.length * PARTS) }
  }
}

function standingOf([epoch = '', counts = '', lineage = '', follow = '', digest = '']: readonly string[]): Standing {
  const [sequence = 0, answers = 0] = counts.split(' ').map(Number)
  return withDefinition({ epoch, sequence, answers, lineage: lineageOf(lineage) }, follow, digest)
}

/** Adds how the section is defined, if anybody has said so. */
export const withDefinition = (standing: Standing, follow: string | undefined, digest: string): Standing =>
  follow === 'section' || follow === 'key' ? { ...standing, definition: { follow, digest } } : standing

let last: { readonly text: string; readonly lineage: readonly Fork[] } = { text: '', lineage: [] }

/** `,epoch sequence answers` for each. Most answers repeat the one before. */
function lineageOf(text: string): readonly Fork[] {
  if (text !== last.text) {
    const lineage = text.split(',').flatMap((fork) => {
      const [epoch = '', sequence, answers] = fork.split(' ')
      return epoch === '' ? [] : [{ epoch, sequence: Number(sequence), answers: Number(answers) }]
    })
    last = { text, lineage }
  }
  return last.lineage
}
