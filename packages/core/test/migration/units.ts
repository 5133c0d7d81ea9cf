import { type Change, type ChangesOptions, type Collection, type CollectionOptions, defineCollection } from '@sync/core'
import type { TestClusterOptions } from '@sync/core/testing'
import { type Opened, open } from '../collection/open.ts'

/** The document of these tests: a unit of a power plant. Services exchange its demand. */
export interface Unit {
  name: string
  demand: number
  capacity: number
  alarms?: { id: string; level: number }[]
}

export const plant: Unit = { name: 'Plant A', demand: 380, capacity: 500 }

/** Opens two instances `a` and `b` with the same collection of units. */
export function units(options: Partial<CollectionOptions<Unit>> = {}, cluster: TestClusterOptions = {}): Opened<Unit> {
  return open(defineCollection<Unit>({ section: 'unit', ttl: 'never', ...options }), cluster)
}

/** Drops every message that `work` publishes, so that `b` misses them. */
export async function withoutDelivery(t: Opened<Unit>, work: () => Promise<unknown>): Promise<void> {
  t.cluster.bus.setFaultRates({ drop: 1 })
  await work()
  await t.instances[0]?.flush()
  t.cluster.bus.setFaultRates({})
}

/** The changes that a stream has emitted so far. */
export interface Watch {
  readonly events: readonly Change<Unit>[]
  readonly batches: readonly number[]
  stop(): Promise<void>
}

/** Reads a collection's change stream until `stop()`. */
export function watch(collection: Collection<Unit>, options: ChangesOptions<Unit> = {}): Watch {
  const controller = new AbortController()
  const events: Change<Unit>[] = []
  const batches: number[] = []
  const finished = (async () => {
    for await (const batch of collection.changes({ ...options, signal: controller.signal })) {
      batches.push(batch.length)
      events.push(...batch)
    }
  })()
  return {
    events,
    batches,
    stop: () => {
      controller.abort()
      return finished
    },
  }
}
