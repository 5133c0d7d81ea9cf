import { type CollectionDefinition, defineCollection, type SectionRef } from '@sync/core'

/** Marks and counts have a field per writer. Registers have the field `value`. */
export type Document = { readonly [field: string]: number | string }

/** The section of all writes. One section gives all of them one order. */
export const section: SectionRef = { partition: 'proof', section: 'ledger' }

/** Every instance replicates the whole collection. The buffer of recent changes is small, so that it soon stops growing. */
export const documents: CollectionDefinition<Document> = defineCollection<Document>({
  section: section.section,
  ttl: 'never',
  replicate: 'all',
  cache: { recentChangesChars: 16_384 },
})

const numberedKeys = (name: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `${name}-${n}`)

/** Documents in which each writer sets a field of its own. */
export const MARKED_KEYS: readonly string[] = numberedKeys('mark', 12)
/** Documents in which each writer increments a field of its own and the total, in one write. */
export const COUNTED_KEYS: readonly string[] = numberedKeys('count', 3)
/** Field of a count that every writer increments. */
export const TOTAL_FIELD = 'total'
/** Prefix of the registers' keys. */
export const REGISTER_PREFIX = 'register'
