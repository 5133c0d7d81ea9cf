import { createSync, systemRuntime } from '@sync/core'
import type { Adapter, BusHarness, StoreHarness, SyncHarness } from './harness.ts'
import { memoryBusHarness, memoryStoreHarness } from './memory.ts'
import { skewed } from './skewed.ts'

/** What makes the harness of an adapter's whole stack; the half that it does not have is the in-memory one. */
export function stackOf({
  sync,
  bus = memoryBusHarness,
  store = memoryStoreHarness,
}: Adapter): () => Promise<SyncHarness> {
  return sync ?? (async () => joinHarnesses(await store(), await bus()))
}

/** A stack out of a store's harness and a bus's. Its instances run on real time: the two may not share a virtual one. */
export function joinHarnesses(store: StoreHarness, bus: BusHarness): SyncHarness {
  return {
    namespace: `${store.namespace}.${bus.namespace}`,
    ...(store.faults && { storeFaults: store.faults }),
    ...(bus.faults && { busFaults: bus.faults }),
    open: async ({ skew = 0, ...options } = {}) => {
      const [openedStore, openedBus] = await Promise.all([store.open(), bus.open()])
      return createSync({ ...options, store: openedStore, bus: openedBus, runtime: skewed(systemRuntime, skew) })
    },
    store: () => store.open(),
    bus: () => bus.open(),
    async close() {
      await Promise.all([store.close(), bus.close()])
    },
  }
}
