import { type Collection, type CollectionDefinition, createInstance, defineCollection } from '@sync/core'
import type { JsonObject } from '@sync/core/patch'
import { redisBus, redisStore } from '@sync/redis'
import { benchDocument } from '../core/documents.ts'
import { inFlight } from '../in-flight.ts'
import type { ClientName } from './raw-client.ts'

/** Number of cached documents, 3.4 KB each. */
export const DOCUMENTS = 10_000

export const PARTITION = 'bench'

export const documents: CollectionDefinition<JsonObject> = defineCollection<JsonObject>({
  section: 'doc',
  ttl: 'never',
  replicate: 'all',
})

/** Redis channel of the collection's changes. */
export const CHANNEL: string = `__dataChanged:${PARTITION}:${documents.section}`

/** Returns the key of write `n`. The keys are spread so that consecutive writes go to different documents. */
export const keyOf = (n: number): string => `document-${(n * 7_919) % DOCUMENTS}`

/** Returns the change of write `n`: two of 63 fields. */
export const changeOf = (n: number, price: number = n): JsonObject => ({
  price1: price,
  route1: `route of revision ${n}, checked by operator 7`,
})

/** A collection whose documents have all been written and cached. */
export interface FilledCollection extends AsyncDisposable {
  readonly collection: Collection<JsonObject>
}

export async function openFilled(url: string, client: ClientName = 'ioredis'): Promise<FilledCollection> {
  const sync = createInstance({ store: redisStore(url, { client }), bus: redisBus(url, { client }) })
  const collection = sync.collection(documents, { partition: PARTITION })
  const value = benchDocument()
  await inFlight({ from: 0, count: DOCUMENTS, concurrency: 64 }, (n) => collection.assign(keyOf(n), value))
  await collection.ready()
  return { collection, [Symbol.asyncDispose]: () => sync.close() }
}
