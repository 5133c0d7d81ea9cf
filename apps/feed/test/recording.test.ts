import { createInstance, createMemoryHub, defineCollection, memoryBus, memoryStore } from '@sync/core'
import { record, replay } from '@sync/core/recording'
import { describe, expect, it } from 'vitest'
import { audit } from '../src/audit.ts'
import { bundledFeed } from '../src/bundled-feed.ts'
import { canonicalJson } from '../src/canonical.ts'
import { type Document, type Observation, readFeed } from '../src/feed-file.ts'
import { createRateLimiter } from '../src/rate-limiter.ts'
import { writeFeed } from '../src/write-feed.ts'

const outages = defineCollection<Document>({ section: 'outage', ttl: 'never' })
const LINES = 6_000

describe('replay(record())', () => {
  it('reproduces the documents in another store when the feed is recorded while it is written', async () => {
    const [source, target] = [1, 2].map(() => {
      const hub = createMemoryHub()
      return createInstance({ store: memoryStore(hub), bus: memoryBus(hub) })
    }) as [ReturnType<typeof createInstance>, ReturnType<typeof createInstance>]
    await using _source = source
    await using _target = target
    const [recorded, copy] = [source, target].map((sync) => sync.collection(outages, { partition: 'pge' }))
    if (!recorded || !copy) throw new Error('no collection')

    const last = new Map<string, string | undefined>()
    async function* slice(): AsyncGenerator<Observation> {
      for await (const observation of readFeed(bundledFeed)) {
        if (observation.line > LINES) return
        last.set(observation.key, observation.value === null ? undefined : canonicalJson(observation.value))
        yield observation
      }
    }
    await recorded.ready()
    const stop = new AbortController()
    const playback = replay(record(recorded, { signal: stop.signal }), copy)
    const { signal } = new AbortController()
    await writeFeed(slice(), recorded, {
      rateLimiter: createRateLimiter('max'),
      progress: { written: 0, documentUnits: 0 },
      signal,
    })
    await source.catchUp()
    const { commits } = source.stats()
    await expect.poll(() => target.stats().commits, { timeout: 10_000 }).toBe(commits)
    stop.abort()
    const { changes } = await playback

    const read = (keys: readonly string[]): Promise<ReadonlyMap<string, Document>> => copy.getMany(keys)
    expect(await audit(last, [{ name: 'copy', read }])).toMatchObject({ differences: 0, examples: [] })
    expect([changes, last.size]).toEqual([commits, expect.any(Number)])
  }, 20_000)
})
