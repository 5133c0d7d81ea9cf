import { startRedis } from '@sync/brokers'
import type { Collection } from '@sync/core'
import type { JsonObject } from '@sync/core/patch'
import { Redis } from 'ioredis'
import { CHANNEL, openFilled } from './documents.ts'
import type { ClientName } from './raw-client.ts'
import { openRawCommit, type RawCommit } from './raw-commit.ts'

/** `@sync` and the raw script on one server, with one subscriber that discards what it receives. `@sync` receives all changes too. */
export interface Subjects extends AsyncDisposable {
  readonly url: string
  readonly ours: Collection<JsonObject>
  readonly raw: RawCommit
}

/** Starts a server, fills it with documents, and caches all of them in the collection. */
export async function openSubjects(client: ClientName): Promise<Subjects> {
  await using opened = new AsyncDisposableStack()
  const { url } = opened.use(await startRedis())
  const { collection } = opened.use(await openFilled(url, client))
  const subscriber = opened.adopt(new Redis(url), (each) => each.disconnect())
  await subscriber.subscribe(CHANNEL)
  const raw = opened.use(await openRawCommit(url, client))
  const owned = opened.move()
  return { url, ours: collection, raw, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
