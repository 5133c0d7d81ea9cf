import { createInstance } from '@sync/core'
import type { Json } from '@sync/core/patch'
import { redisBus, redisStore } from '@sync/redis'
import type { Figure } from '../figure.ts'
import { inFlight } from '../in-flight.ts'
import { compareRates } from '../rounds.ts'
import { documents, keyOf, PARTITION } from './documents.ts'
import { openRawClient } from './raw-client.ts'
import { openSubjects } from './subjects.ts'

const LOADS = 256
const CONCURRENCY = 64

/** Rate of reads that are not cached. */
export const load: Figure = {
  name: `get of an uncached document of 63 fields, ${CONCURRENCY} in flight, against HGETALL and JSON.parse of each field`,
  unit: 'loads/s',
  goal: { atLeast: 1.5 },
  async measure() {
    await using filled = await openSubjects('ioredis')
    const { url } = filled
    using raw = await openRawClient(url, 'ioredis')
    await using sync = createInstance({ store: redisStore(url), bus: redisBus(url) })
    const collection = sync.collection({ ...documents, replicate: 'on-demand' }, { partition: PARTITION })
    let read = 0
    const run = (work: (key: string) => Promise<unknown>) => () => {
      const from = read
      read += LOADS
      return inFlight({ from, count: LOADS, concurrency: CONCURRENCY }, (n) => work(keyOf(n)))
    }
    return await compareRates(
      {
        ours: run(async (key) => {
          await collection.get(key)
          collection.evict(key)
        }),
        baseline: run(async (key) => parseHash((await raw.call(['HGETALL', `${PARTITION}:doc:${key}`])) as string[])),
        operations: LOADS,
      },
      { rounds: 11, sliceMs: 300, warmUpMs: 1_500 },
    )
  },
}

function parseHash(flat: readonly string[]): Record<string, Json> {
  const document: Record<string, Json> = {}
  for (let index = 0; index < flat.length; index += 2) {
    const name = flat[index] as string
    if (name.endsWith(':latest') && name !== 'VersionId:latest')
      document[name.slice(0, -7)] = JSON.parse(flat[index + 1] as string) as Json
  }
  return document
}
