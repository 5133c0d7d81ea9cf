import {
  type BusFailure,
  type ChangeBus,
  type Collection,
  type CollectionDefinition,
  createInstance,
  createMemoryHub,
  type Fanout,
  fanout,
  type MemoryHub,
  memoryBus,
  memoryStore,
  type SyncInstance,
} from '@sync/core'
import { createVirtualRuntime, type VirtualRuntime } from '@sync/core/testing'

/** One instance with its fan-out. */
export interface FleetInstance<T> {
  readonly sync: SyncInstance
  readonly bus: Fanout
  readonly collection: Collection<T>
  /** The instance's bus clients, by bus name. */
  readonly on: Map<'a' | 'b', ChangeBus>
  readonly failures: BusFailure[]
}

/** Several instances on one store and two buses, on a virtual clock. */
export interface Fleet<T> extends AsyncDisposable {
  readonly clock: VirtualRuntime
  readonly a: MemoryHub
  readonly b: MemoryHub
  readonly store: MemoryHub
  readonly instances: readonly FleetInstance<T>[]
  /** Advances the clock until every write has completed and every instance has caught up with the store. */
  settle(): Promise<void>
}

export function openFleet<T>(
  definition: CollectionDefinition<T>,
  { size = 2, seed = 1, on = ['a', 'b'] }: { size?: number; seed?: number; on?: readonly ('a' | 'b')[] } = {},
): Fleet<T> {
  const clock = createVirtualRuntime(seed)
  const [a, b, store] = [1, 2, 3].map(() => createMemoryHub({ runtime: clock })) as [MemoryHub, MemoryHub, MemoryHub]
  const hubs = { a, b }
  const all = Array.from({ length: size }, (): FleetInstance<T> => {
    const clients = new Map(on.map((name) => [name, memoryBus(hubs[name])]))
    const bus = fanout({ runtime: clock }, ...clients.values())
    const sync = createInstance({ store: memoryStore(store), bus: bus, runtime: clock })
    const failures: BusFailure[] = []
    bus.onFailure((failure) => failures.push(failure))
    return { sync, bus, collection: sync.collection(definition, { partition: 'p' }), on: clients, failures }
  })
  const within = async (work: Promise<unknown>): Promise<void> => {
    let done = false
    const finished = work.finally(() => {
      done = true
    })
    for (let step = 0; step < 300 && !done; step++) await clock.advance(100)
    if (!done) throw new Error(`the fleet does not settle (seed ${seed})`)
    await finished
  }
  return {
    clock,
    a,
    b,
    store,
    instances: all,
    async settle() {
      await within(Promise.all(all.map(({ sync }) => sync.flush())))
      await clock.advance(3_000)
      await within(Promise.all(all.map(({ sync }) => sync.catchUp())))
      await clock.advance(100)
    },
    [Symbol.asyncDispose]: () => within(Promise.all(all.map(({ sync }) => sync.close()))),
  }
}
