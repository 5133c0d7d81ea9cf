import { type CacheOptions, type CollectionDefinition, defineCollection, type MemoryHubOptions } from '@sync/core'
import type { Doc } from './document.ts'
import type { SeededRandom } from './seeded-random.ts'
import { strategies } from './strategies.ts'
import type { WatchOptions } from './watcher.ts'

/** The settings of a schedule. */
export interface Scenario {
  readonly definition: CollectionDefinition<Doc>
  readonly keys: readonly string[]
  /** Watchers of each instance. */
  readonly watchers: readonly (readonly WatchOptions[])[]
  readonly hub: MemoryHubOptions
  /** Whether the log is so short that it may be truncated before an instance or watcher has caught up. */
  readonly shortLog: boolean
  /** Whether the store may lose commits whose position a watcher has saved. */
  readonly losses: boolean
  readonly latency: Latency
}

/** Latencies without faults, in milliseconds. They make concurrent operations overlap. */
interface Latency {
  /** Maximum latency of a request, and of its reply. */
  readonly store: number
  /** Minimum latency of a message. */
  readonly bus: number
  /** Maximum additional latency of a message. */
  readonly spread: number
}

/** Draws random settings: the number of instances and watchers, the collection's definition, limits and latencies. */
export function drawScenario({ int, chance, pick }: SeededRandom, { losses }: Pick<Scenario, 'losses'>): Scenario {
  const subscribeBy = chance(0.25) ? 'document' : 'section'
  const replicate = subscribeBy === 'section' && chance(0.5) ? 'all' : 'on-demand'
  const shortLog = chance(0.3)
  const after = `${150 + int(250)}ms` as const
  const ttl = chance(0.7) ? 'never' : { after, sliding: chance(0.5) }
  const definition = defineCollection<Doc>({
    section: 'doc',
    ttl,
    subscribeBy,
    replicate,
    merge: strategies,
    ...(chance(0.2) && { batch: { maxWait: 1 + int(30), maxWrites: 1 + int(5) } }),
    ...(replicate === 'on-demand' && chance(0.3) && { cache: cacheOf(1 + int(3)) }),
  })
  const keys = ['k', 'm', 'o', 'q'].slice(0, pick([1, 1, 2, 2, 3, 4]))
  const watchers = Array.from({ length: pick([2, 2, 2, 2, 2, 3, 3, 3, 4, 5, 8]) }, (_, at) => {
    const pause = chance(0.3) ? int(300) : 0
    const combine = at % 2 === 0
    if (subscribeBy === 'section')
      return at === 0
        ? [
            { combine, pause },
            { combine, pause, prefix: keys[0] as string },
          ]
        : [{ combine, pause }]
    return keys.map((key) => ({ combine: true, pause, key }))
  })
  const hub = {
    maxChanges: shortLog ? 1 + int(4) : 10_000,
    lineageDepth: chance(0.2) ? 1 : 8,
    ...(chance(0.2) && { maxOpResults: 2 + int(12) }),
    ...(chance(0.1) && { maxPayloadBytes: 250 + int(300) }),
  }
  const latency = {
    store: chance(0.5) ? 1 + int(30) : 0,
    bus: 0,
    spread: 0,
    ...(chance(0.3) && { bus: int(30), spread: int(20) }),
  }
  return { definition, keys, watchers, hub, shortLog, losses, latency }
}

/** Returns a small cache. The smallest also releases the section at the first check after its last use. */
const cacheOf = (maxDocuments: number): CacheOptions =>
  maxDocuments === 1 ? { maxDocuments, maxIdle: 20 } : { maxDocuments }
