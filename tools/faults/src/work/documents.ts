import { type Definition, defineCollection, type SectionRef } from '@sync/core'

/** Marks and counts by writer, registers by `value`. */
export type Document = { readonly [field: string]: number | string }

/** Where everything is written: one section, so that there is one order. */
export const place: SectionRef = { partition: 'proof', section: 'ledger' }

/** Held whole by every instance. Few of the last changes are kept, so that what is kept is soon as much as it gets. */
export const documents: Definition<Document> = defineCollection<Document>({
  section: place.section,
  ttl: 'never',
  replicate: 'all',
  memory: { changes: 16_384 },
})

const numbered = (name: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `${name}-${n}`)

/** Documents of which each writer has a field. */
export const MARKED: readonly string[] = numbered('mark', 12)
/** Documents that all writers change, field and total together. */
export const COUNTED: readonly string[] = numbered('count', 3)
/** The field of a count that every writer adds to. */
export const TOTAL = 'total'
/** What the keys of registers begin with. */
export const REGISTER = 'register'
