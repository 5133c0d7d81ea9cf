import { startRedis } from '@sync/brokers'
import { type Collection, createSync } from '@sync/core'
import type { JsonObject } from '@sync/core/patch'
import { redisBus, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { benchDocument } from '../core/documents.ts'
import { DOCUMENTS, documents, keyOf, PARTITION } from './documents.ts'
import type { ClientName } from './raw-client.ts'
import { openRawCommit, type RawCommit } from './raw-commit.ts'

/** Ours and the raw script on one server, with one subscriber that throws away what it hears; ours hears all of it too. */
export interface Contestants extends AsyncDisposable {
  readonly url: string
  readonly ours: Collection<JsonObject>
  readonly raw: RawCommit
}

/** Starts a server, fills it, and has the collection hold all of it. */
export async function openContestants(client: ClientName): Promise<Contestants> {
  const redis = await startRedis()
  const { url } = redis
  const sync = createSync({ store: redisStore(url, { client }), bus: redisBus(url, { client }) })
  const ours = sync.collection(documents, { partition: PARTITION })
  const value = benchDocument()
  await Promise.all(Array.from({ length: DOCUMENTS }, (_, n) => ours.set(keyOf(n), value)))
  await ours.ready()
  const subscriber = new Redis(url)
  await subscriber.subscribe(`__dataChanged:${PARTITION}:${documents.section}`)
  const raw = await openRawCommit(url, client)
  return {
    url,
    ours,
    raw,
    async [Symbol.asyncDispose]() {
      raw[Symbol.dispose]()
      subscriber.disconnect()
      await sync.close()
      await redis[Symbol.asyncDispose]()
    },
  }
}
