import {
  type ChangeBus,
  createMemoryHub,
  createSync,
  type MemoryHub,
  memoryBus,
  memoryStore,
  type Runtime,
  type Store,
  type Sync,
} from '@sync/core'
import { createVirtualRuntime, type VirtualRuntime } from '@sync/core/testing'
import type { Adapter, BusHarness, Faults, StoreHarness, SyncHarness } from './harness.ts'
import { skewed } from './skewed.ts'

let harnesses = 0

/** A clock of its own for each harness: seeded alike for a rule, run after run. */
const virtualTime = (): VirtualRuntime => createVirtualRuntime(harnesses + 1)

/** A hub of its own, small enough for its edges to be reached. */
function open(time?: VirtualRuntime): {
  hub: MemoryHub
  common: Pick<BusHarness, 'namespace' | 'time' | 'thrown' | 'close' | 'program'>
} {
  harnesses++
  const thrown: unknown[] = []
  const hub = createMemoryHub({
    ...(time && { runtime: time }),
    maxPayloadBytes: 65_536,
    maxCommitBytes: 262_144,
    ...LIMITS,
    journal: 100,
    onError: (error) => thrown.push(error),
  })
  return {
    hub,
    common: { namespace: `ns${harnesses}`, ...(time && { time }), thrown, program: PROGRAM, close: async () => {} },
  }
}

const LIMITS = { maxChanges: 400, maxAnswers: 500 }

const PROGRAM = [
  '--conditions=@sync/source',
  '--input-type=module',
  '-e',
  `import { createMemoryHub, createSync, defineCollection, memoryBus, memoryStore } from '@sync/core'
   const hub = createMemoryHub()
   const sync = createSync({ store: memoryStore(hub), bus: memoryBus(hub) })
   await sync.collection(defineCollection({ section: 's', ttl: 'never' }), { partition: 'p' }).set('k', { n: 1 })
   await sync.close()`,
]

const busFaults = ({ bus }: MemoryHub): Faults & { drop(n: number): void } => ({
  kill: () => bus.away(),
  restart: () => bus.back(),
  cut() {
    bus.interrupt()
    bus.resume()
  },
  drop: (n) => bus.drop(n),
})

const storeFaults = ({ store }: MemoryHub): NonNullable<StoreHarness['faults']> => ({
  kill: () => store.away(),
  restart() {
    store.restart()
    store.back()
  },
  pause: () => store.pause(),
  resume: () => store.resume(),
  failOver: () => store.restart(),
  failBack: () => store.restart(),
  loseReplies: (n) => store.loseReplies(n),
  loseTail: (n) => void store.loseTail(n),
})

/** The in-memory bus as the kit tests it. */
export const memoryBusHarness = (): Promise<BusHarness> => busHarness(virtualTime())

/** The in-memory bus on a time that is given, or the machine's. */
export async function busHarness(time?: VirtualRuntime): Promise<BusHarness> {
  const { hub, common } = open(time)
  return { ...common, open: async () => memoryBus(hub), faults: busFaults(hub) }
}

/** The in-memory store as the kit tests it. */
export const memoryStoreHarness = (): Promise<StoreHarness> => storeHarness(virtualTime())

/** The in-memory store on a time that is given, or the machine's. */
export async function storeHarness(time?: VirtualRuntime): Promise<StoreHarness> {
  const { hub, common } = open(time)
  return { ...common, open: async () => memoryStore(hub), faults: storeFaults(hub), limits: LIMITS }
}

/** What stands between an instance and the hub: nothing, or what is wrong with a mutant. */
export interface Between {
  readonly store?: (store: Store) => Store
  readonly bus?: (bus: ChangeBus, runtime: Runtime) => ChangeBus
  readonly sync?: (sync: Sync, parts: { readonly bus: () => ChangeBus; readonly now: () => number }) => Sync
}

/** The in-memory stack as the kit tests it. */
export const memorySyncHarness = (): Promise<SyncHarness> => memoryStack({})

/** The in-memory stack with something between its instances and the hub; clients beside them have nothing between. */
export async function memoryStack({ store = same, bus = same, sync = same }: Between): Promise<SyncHarness> {
  const { hub, common } = open(virtualTime())
  return {
    ...common,
    async open({ skew = 0, ...options } = {}) {
      const parts = {
        store: store(memoryStore(hub)),
        bus: bus(memoryBus(hub), hub.runtime),
        runtime: skewed(hub.runtime, skew),
      }
      return sync(createSync({ ...options, ...parts }), { bus: () => memoryBus(hub), now: () => parts.runtime.now() })
    },
    store: async () => memoryStore(hub),
    bus: async () => memoryBus(hub),
    storeFaults: storeFaults(hub),
    busFaults: busFaults(hub),
  }
}

const same = <T>(value: T): T => value

/** The in-memory store and bus: what every other adapter is compared with. */
export const memoryAdapter: Adapter = {
  name: 'memory',
  bus: memoryBusHarness,
  store: memoryStoreHarness,
  sync: memorySyncHarness,
}
