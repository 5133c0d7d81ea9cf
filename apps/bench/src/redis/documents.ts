import { type Definition, defineCollection } from '@sync/core'
import type { JsonObject } from '@sync/core/patch'

/** Documents held while they are written, of 3.4 KB each. */
export const DOCUMENTS = 10_000

export const PARTITION = 'bench'

export const documents: Definition<JsonObject> = defineCollection<JsonObject>({
  section: 'doc',
  ttl: 'never',
  replicate: 'all',
})

/** The key of the n-th write: all of them, in no order. */
export const keyOf = (n: number): string => `document-${(n * 7_919) % DOCUMENTS}`

/** What a write changes: two of 63 fields. */
export const changeOf = (n: number): JsonObject => ({
  price1: n,
  route1: `route of revision ${n}, checked by operator 7`,
})
