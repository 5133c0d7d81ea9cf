import { type CollectionDefinition, defineCollection, type SectionRef } from '@sync/core'

/** Marks and counts by writer, registers by `value`. */
export type Document = { readonly [field: string]: number | string }

/** Where everything is written: one section, so that there is one order. */
export const section: SectionRef = { partition: 'proof', section: 'ledger' }

/** Held whole by every instance. Few of the last changes are kept, so that what is kept is soon as much as it gets. */
export const documents: CollectionDefinition<Document> = defineCollection<Document>({
  section: section.section,
  ttl: 'never',
  replicate: 'all',
  cache: { recentChangesChars: 16_384 },
})

const numberedKeys = (name: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `${name}-${n}`)

/** Documents of which each writer has a field. */
export const MARKED_KEYS: readonly string[] = numberedKeys('mark', 12)
/** Documents that all writers change, field and total together. */
export const COUNTED_KEYS: readonly string[] = numberedKeys('count', 3)
/** The field of a count that every writer adds to. */
export const TOTAL_FIELD = 'total'
/** What the keys of registers begin with. */
export const REGISTER_PREFIX = 'register'
