import {
  type ChangeBus,
  createInstance,
  createMemoryHub,
  type MemoryHub,
  memoryBus,
  memoryStore,
  type Runtime,
  type Store,
  type SyncInstance,
} from '@sync/core'
import { createVirtualRuntime, type VirtualRuntime } from '@sync/core/testing'
import { withClockSkew } from './clock-skew.ts'
import type { Adapter, BusHarness, Faults, StoreHarness, SyncHarness } from './harness.ts'

let harnessCount = 0

/** Creates a clock for one harness. Its seed depends only on the number of the harness, so that runs are repeatable. */
const createVirtualTime = (): VirtualRuntime => createVirtualRuntime(harnessCount + 1)

/** Opens a hub for one harness, with limits small enough for rules to reach. */
function open(time?: VirtualRuntime): {
  hub: MemoryHub
  common: Pick<BusHarness, 'namespace' | 'time' | 'thrown' | 'close' | 'program'>
} {
  harnessCount++
  const thrown: unknown[] = []
  const hub = createMemoryHub({
    ...(time && { runtime: time }),
    maxPayloadBytes: 65_536,
    maxCommitBytes: 262_144,
    ...MEMORY_LIMITS,
    maxUndoCommits: 100,
    onError: (error) => thrown.push(error),
  })
  return {
    hub,
    common: {
      namespace: `ns${harnessCount}`,
      ...(time && { time }),
      thrown,
      program: EXIT_TEST_PROGRAM,
      close: async () => {},
    },
  }
}

const MEMORY_LIMITS = { maxChanges: 400, maxOpResults: 500 }

const EXIT_TEST_PROGRAM = [
  '--conditions=@sync/source',
  '--input-type=module',
  '-e',
  `import { createMemoryHub, createInstance, defineCollection, memoryBus, memoryStore } from '@sync/core'
   const hub = createMemoryHub()
   const sync = createInstance({ store: memoryStore(hub), bus: memoryBus(hub) })
   await sync.collection(defineCollection({ section: 's', ttl: 'never' }), { partition: 'p' }).set('k', { n: 1 })
   await sync.close()`,
]

const busFaults = ({ bus }: MemoryHub): Faults & { drop(n: number): void } => ({
  kill: () => bus.makeUnavailable(),
  restart: () => bus.makeAvailable(),
  cut() {
    bus.interrupt()
    bus.resume()
  },
  drop: (n) => bus.drop(n),
})

const storeFaults = ({ store }: MemoryHub): NonNullable<StoreHarness['faults']> => ({
  kill: () => store.makeUnavailable(),
  restart() {
    store.restart()
    store.makeAvailable()
  },
  pause: () => store.pause(),
  resume: () => store.resume(),
  failOver: () => store.restart(),
  failBack: () => store.restart(),
  loseReplies: (n) => store.loseReplies(n),
  loseTail: (n) => void store.loseTail(n),
})

/** Creates a harness of the in-memory bus, on a virtual clock. */
export const memoryBusHarness = (): Promise<BusHarness> => memoryBusHarnessOn(createVirtualTime())

/** Creates a harness of the in-memory bus on a virtual clock. Default: the machine's clock. */
export async function memoryBusHarnessOn(time?: VirtualRuntime): Promise<BusHarness> {
  const { hub, common } = open(time)
  return { ...common, open: async () => memoryBus(hub), faults: busFaults(hub) }
}

/** Creates a harness of the in-memory store, on a virtual clock. */
export const memoryStoreHarness = (): Promise<StoreHarness> => memoryStoreHarnessOn(createVirtualTime())

/** Creates a harness of the in-memory store on a virtual clock. Default: the machine's clock. */
export async function memoryStoreHarnessOn(time?: VirtualRuntime): Promise<StoreHarness> {
  const { hub, common } = open(time)
  return { ...common, open: async () => memoryStore(hub), faults: storeFaults(hub), limits: MEMORY_LIMITS }
}

/** Wrappers of an instance's store and bus, and of the instance itself. A mutant is broken by them. */
export interface StackInterceptors {
  readonly store?: (store: Store) => Store
  readonly bus?: (bus: ChangeBus, runtime: Runtime) => ChangeBus
  readonly sync?: (
    sync: SyncInstance,
    parts: { readonly bus: () => ChangeBus; readonly now: () => number },
  ) => SyncInstance
}

/** Creates a harness of the in-memory stack, on a virtual clock. */
export const memorySyncHarness = (): Promise<SyncHarness> => memoryStack({})

/** Creates a harness of the in-memory stack with wrapped instances. Clients beside the instances are not wrapped. */
export async function memoryStack({
  store = identity,
  bus = identity,
  sync = identity,
}: StackInterceptors): Promise<SyncHarness> {
  const { hub, common } = open(createVirtualTime())
  return {
    ...common,
    async open({ skew = 0, ...options } = {}) {
      const parts = {
        store: store(memoryStore(hub)),
        bus: bus(memoryBus(hub), hub.runtime),
        runtime: withClockSkew(hub.runtime, skew),
      }
      return sync(createInstance({ ...options, ...parts }), {
        bus: () => memoryBus(hub),
        now: () => parts.runtime.now(),
      })
    },
    store: async () => memoryStore(hub),
    bus: async () => memoryBus(hub),
    storeFaults: storeFaults(hub),
    busFaults: busFaults(hub),
  }
}

const identity = <T>(value: T): T => value

/** Adapter of the in-memory store and bus, the reference for every other adapter. */
export const memoryAdapter: Adapter = {
  name: 'memory',
  bus: memoryBusHarness,
  store: memoryStoreHarness,
  sync: memorySyncHarness,
}
