import type { Change } from '@sync/core'
import type { Document } from 'feed'

/** One outage as the page lists it. */
export interface Row {
  readonly key: string
  readonly version: number
  /** The fields that its last change touched. */
  readonly changed: readonly string[]
  readonly fields: Document
}

const SHOWN_FIELDS = ['CITY', 'OUTAGE_CAUSE', 'CREW_CURRENT_STATUS', 'EST_CUSTOMERS', 'LAST_UPDATE'] as const
const MAX_ROWS = 30

/** The outages that changed last, newest first, as one replica's stream tells them. */
export class RecentOutages {
  /** Oldest first. */
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

  get rows(): readonly Row[] {
    return [...this.#rows.values()].reverse()
  }
}

const pickShownFields = (value: Document): Document =>
  Object.fromEntries(SHOWN_FIELDS.map((name) => [name, value[name] ?? null]))
