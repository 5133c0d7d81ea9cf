import type { Change } from '@sync/core'
import type { Document } from 'feed'

/** One row of the page's table of outages. */
export interface Row {
  readonly key: string
  readonly version: number
  /** Fields that the last change affected. */
  readonly changed: readonly string[]
  readonly fields: Document
}

const SHOWN_FIELDS = ['CITY', 'OUTAGE_CAUSE', 'CREW_CURRENT_STATUS', 'EST_CUSTOMERS', 'LAST_UPDATE'] as const
const MAX_ROWS = 30

/** The outages that changed most recently, from one replica's change stream. */
export class RecentOutages {
  /** Rows by key, oldest first. */
  readonly #rows = new Map<string, Row>()

  apply(batch: readonly Change<Document>[]): void {
    for (const change of batch) {
      this.#rows.delete(change.key)
      if (!('value' in change)) continue
      const { key, version, value } = change
      const changed = change.kind === 'changed' ? change.fields : []
      this.#rows.set(key, { key, version, changed, fields: pickShownFields(value) })
      const [oldest] = this.#rows.keys()
      if (this.#rows.size > MAX_ROWS && oldest !== undefined) this.#rows.delete(oldest)
    }
  }

  /** All rows, newest first. */
  get rows(): readonly Row[] {
    return [...this.#rows.values()].reverse()
  }
}

const pickShownFields = (value: Document): Document =>
  Object.fromEntries(SHOWN_FIELDS.map((name) => [name, value[name] ?? null]))
