import { createMemoryHub, type MemoryHub, type MemoryHubOptions, memoryBus, memoryStore } from '../memory/index.ts'
import type { Sync, SyncOptions } from '../service/api.ts'
import { createSync } from '../service/sync.ts'
import { createVirtualRuntime, type VirtualRuntime } from './virtual-runtime.ts'

/** Several instances on one in-memory store and bus, on a clock that stands still until it is advanced. */
export interface TestCluster extends AsyncDisposable {
  readonly instances: readonly Sync[]
  readonly clock: VirtualRuntime
  /** What can be done to the messages. */
  readonly bus: MemoryHub['bus']
  /** What can be done to the store. */
  readonly store: MemoryHub['store']
  /** Opens one more instance. */
  open(): Sync
  /** Lets time pass until every instance is caught up with the store. Rejects if that does not come about. */
  settle(): Promise<void>
}

/** Options of {@link createTestCluster}. */
export interface TestClusterOptions extends Omit<SyncOptions, 'store' | 'bus' | 'runtime'> {
  /** Default 2. */
  readonly instances?: number
  /** Of all randomness. Default 1. */
  readonly seed?: number
  readonly hub?: Omit<MemoryHubOptions, 'runtime'>
}

const ROUND = 1_000
const MOST_ROUNDS = 120

/** Makes a cluster for a unit test. Everything in it is the real thing but for time and randomness. */
export function createTestCluster({
  instances = 2,
  seed = 1,
  hub: hubOptions,
  ...options
}: TestClusterOptions = {}): TestCluster {
  const clock = createVirtualRuntime(seed)
  const hub = createMemoryHub({ journal: 1_000, ...hubOptions, runtime: clock })
  const open = (): Sync => {
    const sync = createSync({ ...options, store: memoryStore(hub), bus: memoryBus(hub), runtime: clock })
    all.push(sync)
    return sync
  }
  const all: Sync[] = []
  for (let i = 0; i < instances; i++) open()

  return {
    instances: all,
    clock,
    bus: hub.bus,
    store: hub.store,
    open,
    async settle() {
      for (let round = 0; round < MOST_ROUNDS; round++) {
        const open = all.filter((sync) => sync.health().state !== 'closed')
        let done = false
        const work = Promise.all(
          open.map(async (sync) => {
            await sync.flush()
            await sync.check()
          }),
        ).finally(() => {
          done = true
        })
        for (let step = 0; step < MOST_ROUNDS && !done; step++) await clock.advance(ROUND)
        if (!done) break
        await work
        if (open.every((sync) => sync.health().state === 'live' && sync.stats().buffered === 0)) return
      }
      throw new Error(
        `the cluster does not settle (seed ${seed}): ${all.map((sync) => JSON.stringify(sync.health())).join(', ')}`,
      )
    },
    async [Symbol.asyncDispose]() {
      hub.store.back()
      const closing = Promise.all(all.map((sync) => sync.close()))
      await clock.advance(10_000)
      await closing
    },
  }
}
