import type { Change } from '@sync/core'

/** What changed. */
export type JournalSection = 'outages' | 'units'

/** Who changed which field from what to what. */
export interface JournalLine {
  /** Counts up from 1 within one service's life. */
  readonly id: number
  /** The store's clock, ms since 1970. */
  readonly at: number
  /** As the change's `meta` says. */
  readonly actor: string
  /** Where it was written, if the writer said so. */
  readonly instance: string | null
  readonly section: JournalSection
  readonly key: string
  readonly version: number
  readonly what: 'created' | 'changed' | 'removed'
  /** Absent: the document as a whole. */
  readonly field?: string
  readonly from?: unknown
  readonly to?: unknown
}

/** What is asked of the journal. */
export interface JournalQuery {
  /** Of one section only. */
  readonly section?: JournalSection
  /** Only documents whose key contains this. */
  readonly key?: string
  readonly last: number
}

/** By section: one that changes all the time does not push out another. */
const MAX_LINES = 1_000

/** The last changes of each section, field by field. */
export class Journal {
  readonly #lines = new Map<JournalSection, JournalLine[]>()
  #last = 0

  record<T>(section: JournalSection, batch: readonly Change<T>[]): void {
    const lines = this.#lines.get(section) ?? []
    for (const change of batch) {
      if (change.kind === 'reset' || change.kind === 'delta') continue
      const { at, key, version, kind, meta = {} } = change
      const { actor = 'unknown', instance = null } = meta
      const line = { at, actor, instance, section, key, version, what: kind }
      if (change.kind !== 'changed') lines.push({ id: ++this.#last, ...line })
      else {
        const [from, to] = [change.previous, change.value] as Readonly<Record<string, unknown>>[]
        for (const field of change.fields)
          lines.push({ id: ++this.#last, ...line, field, from: from?.[field], to: to?.[field] })
      }
    }
    this.#lines.set(section, lines.slice(-MAX_LINES))
  }

  /** Newest first. */
  read({ section, key = '', last }: JournalQuery): readonly JournalLine[] {
    const all = section === undefined ? [...this.#lines.values()].flat() : (this.#lines.get(section) ?? [])
    const matching = all.filter((line) => line.key.includes(key))
    return matching.sort((a, b) => b.id - a.id).slice(0, last)
  }
}
