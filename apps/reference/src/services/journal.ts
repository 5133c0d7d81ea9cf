import type { Change } from '@sync/core'

/** Section of a change. */
export type JournalSection = 'outages' | 'units'

/** One change of a field, or of a whole document. */
export interface JournalLine {
  /** Identifies the line. Counts up from 1 while the service runs. */
  readonly id: number
  /** Time of the commit by the store's clock, in ms since 1970. */
  readonly at: number
  /** Author from the change's `meta`. */
  readonly actor: string
  /** Instance that wrote the change, if its `meta` contains it. */
  readonly instance: string | null
  readonly section: JournalSection
  readonly key: string
  readonly version: number
  readonly kind: 'created' | 'changed' | 'removed'
  /** Absent for a change of the whole document. */
  readonly field?: string
  readonly from?: unknown
  readonly to?: unknown
}

/** Filter and limit of a journal query. */
export interface JournalQuery {
  /** Section to return; all sections if absent. */
  readonly section?: JournalSection
  /** Whether to return only edits by people, and not the changes of services, which are too many to read. */
  readonly byPeople?: boolean
  /** Text that keys must contain. */
  readonly key?: string
  /** Maximum number of lines. */
  readonly last: number
}

/** Authors that are services. */
const SERVICES = ['ingest', 'forecast service']

/** Maximum number of lines per section, so that a busy section does not displace another one's changes. */
const MAX_LINES = 1_000

/** The latest changes of each section, one line per field. */
export class Journal {
  readonly #lines = new Map<JournalSection, JournalLine[]>()
  #last = 0

  record<T>(section: JournalSection, batch: readonly Change<T>[]): void {
    const lines = this.#lines.get(section) ?? []
    for (const change of batch) {
      if (change.kind === 'reset' || change.kind === 'delta') continue
      const { at, key, version, kind, meta = {} } = change
      const { actor = 'unknown', instance = null } = meta
      const line = { at, actor, instance, section, key, version, kind }
      if (change.kind !== 'changed') lines.push({ id: ++this.#last, ...line })
      else {
        const [from, to] = [change.previous, change.value] as Readonly<Record<string, unknown>>[]
        for (const field of change.fields)
          lines.push({ id: ++this.#last, ...line, field, from: from?.[field], to: to?.[field] })
      }
    }
    this.#lines.set(section, lines.slice(-MAX_LINES))
  }

  /** Returns matching lines, newest first. */
  read({ section, key = '', byPeople = false, last }: JournalQuery): readonly JournalLine[] {
    const all = section === undefined ? [...this.#lines.values()].flat() : (this.#lines.get(section) ?? [])
    const matching = all.filter((line) => line.key.includes(key) && !(byPeople && SERVICES.includes(line.actor)))
    return matching.sort((a, b) => b.id - a.id).slice(0, last)
  }
}
