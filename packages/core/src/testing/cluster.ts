import { createMemoryHub, type MemoryHub, type MemoryHubOptions, memoryBus, memoryStore } from '../memory/index.ts'
import type { SyncInstance, SyncInstanceOptions } from '../service/api.ts'
import { createInstance } from '../service/instance.ts'
import { createVirtualRuntime, type VirtualRuntime } from './virtual-runtime.ts'

/** Several instances on one in-memory store and bus, with a virtual clock. */
export interface TestCluster extends AsyncDisposable {
  /** All instances, including those added by `open`. */
  readonly instances: readonly SyncInstance[]
  /** Virtual clock of the instances, the store and the bus. */
  readonly clock: VirtualRuntime
  /** Fault controls of the bus. */
  readonly bus: MemoryHub['bus']
  /** Fault controls of the store. */
  readonly store: MemoryHub['store']
  /** Creates another instance. */
  open(): SyncInstance
  /** Advances the clock until every instance has caught up with the store. Rejects if that does not happen. */
  settle(): Promise<void>
}

/** Options of {@link createTestCluster}. */
export interface TestClusterOptions extends Omit<SyncInstanceOptions, 'store' | 'bus' | 'runtime'> {
  /** Number of instances. Default 2. */
  readonly instances?: number
  /** Seed of all randomness. Default 1. */
  readonly seed?: number
  /** Options of the in-memory store and bus. */
  readonly hub?: Omit<MemoryHubOptions, 'runtime'>
}

const ROUND_MS = 1_000
const MAX_ROUNDS = 120

/** Creates a cluster for a unit test. Everything in it is real except time and randomness. */
export function createTestCluster({
  instances = 2,
  seed = 1,
  hub: hubOptions,
  ...options
}: TestClusterOptions = {}): TestCluster {
  const clock = createVirtualRuntime(seed)
  const hub = createMemoryHub({ maxUndoCommits: 1_000, ...hubOptions, runtime: clock })
  const open = (): SyncInstance => {
    const sync = createInstance({ ...options, store: memoryStore(hub), bus: memoryBus(hub), runtime: clock })
    all.push(sync)
    return sync
  }
  const all: SyncInstance[] = []
  for (let i = 0; i < instances; i++) open()

  return {
    instances: all,
    clock,
    bus: hub.bus,
    store: hub.store,
    open,
    async settle() {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const open = all.filter((sync) => sync.health().state !== 'closed')
        let done = false
        const work = Promise.all(
          open.map(async (sync) => {
            await sync.flush()
            await sync.catchUp()
          }),
        ).finally(() => {
          done = true
        })
        for (let step = 0; step < MAX_ROUNDS && !done; step++) await clock.advance(ROUND_MS)
        if (!done) break
        await work
        if (open.every((sync) => sync.health().state === 'live' && sync.stats().buffered === 0)) return
      }
      throw new Error(
        `expected the cluster to settle (seed ${seed}), got ${all.map((sync) => JSON.stringify(sync.health())).join(', ')}`,
      )
    },
    async [Symbol.asyncDispose]() {
      hub.store.makeAvailable()
      const closing = Promise.all(all.map((sync) => sync.close()))
      await clock.advance(10_000)
      await closing
    },
  }
}
