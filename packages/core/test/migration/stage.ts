import { type Change, type ChangesOptions, type Collection, type CollectionOptions, defineCollection } from '@sync/core'
import type { TestClusterOptions } from '@sync/core/testing'
import { type Opened, open } from '../collection/open.ts'

/** The document of these tests: a unit of a power plant, of which everyone wants to know the demand. */
export interface Unit {
  name: string
  demand: number
  capacity: number
  alarms?: { id: string; level: number }[]
}

export const plant: Unit = { name: 'Plant A', demand: 380, capacity: 500 }

/** Two instances `a` and `b` with the same collection of units. */
export function units(options: Partial<CollectionOptions<Unit>> = {}, cluster: TestClusterOptions = {}): Opened<Unit> {
  return open(defineCollection<Unit>({ section: 'unit', ttl: 'never', ...options }), cluster)
}

/** Lets `b` miss everything that `work` publishes. */
export async function withoutDelivery(t: Opened<Unit>, work: () => Promise<unknown>): Promise<void> {
  t.cluster.bus.setFaultRates({ drop: 1 })
  await work()
  await t.instances[0]?.flush()
  t.cluster.bus.setFaultRates({})
}

/** What a stream has told so far. */
export interface Watch {
  readonly events: readonly Change<Unit>[]
  readonly batches: readonly number[]
  stop(): Promise<void>
}

/** Follows a collection's changes. */
export function watch(collection: Collection<Unit>, options: ChangesOptions<Unit> = {}): Watch {
  const end = new AbortController()
  const events: Change<Unit>[] = []
  const batches: number[] = []
  const over = (async () => {
    for await (const batch of collection.changes({ ...options, signal: end.signal })) {
      batches.push(batch.length)
      events.push(...batch)
    }
  })()
  return {
    events,
    batches,
    stop: () => {
      end.abort()
      return over
    },
  }
}
