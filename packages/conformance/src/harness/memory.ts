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

/** A clock of its own for each harness: seeded alike for a rule, run after run. */
const createVirtualTime = (): VirtualRuntime => createVirtualRuntime(harnessCount + 1)

/** A hub of its own, small enough for its edges to be reached. */
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

/** The in-memory bus as the kit tests it. */
export const memoryBusHarness = (): Promise<BusHarness> => memoryBusHarnessOn(createVirtualTime())

/** The in-memory bus on a time that is given, or the machine's. */
export async function memoryBusHarnessOn(time?: VirtualRuntime): Promise<BusHarness> {
  const { hub, common } = open(time)
  return { ...common, open: async () => memoryBus(hub), faults: busFaults(hub) }
}

/** The in-memory store as the kit tests it. */
export const memoryStoreHarness = (): Promise<StoreHarness> => memoryStoreHarnessOn(createVirtualTime())

/** The in-memory store on a time that is given, or the machine's. */
export async function memoryStoreHarnessOn(time?: VirtualRuntime): Promise<StoreHarness> {
  const { hub, common } = open(time)
  return { ...common, open: async () => memoryStore(hub), faults: storeFaults(hub), limits: MEMORY_LIMITS }
}

/** What stands between an instance and the hub: nothing, or what is wrong with a mutant. */
export interface StackInterceptors {
  readonly store?: (store: Store) => Store
  readonly bus?: (bus: ChangeBus, runtime: Runtime) => ChangeBus
  readonly sync?: (
    sync: SyncInstance,
    parts: { readonly bus: () => ChangeBus; readonly now: () => number },
  ) => SyncInstance
}

/** The in-memory stack as the kit tests it. */
export const memorySyncHarness = (): Promise<SyncHarness> => memoryStack({})

/** The in-memory stack with something between its instances and the hub; clients beside them have nothing between. */
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

/** The in-memory store and bus: what every other adapter is compared with. */
export const memoryAdapter: Adapter = {
  name: 'memory',
  bus: memoryBusHarness,
  store: memoryStoreHarness,
  sync: memorySyncHarness,
}
