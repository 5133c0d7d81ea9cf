import { createInstance, systemRuntime } from '@sync/core'
import { withClockSkew } from './clock-skew.ts'
import type { Adapter, BusHarness, StoreHarness, SyncHarness } from './harness.ts'
import { memoryBusHarnessOn, memoryStoreHarnessOn, memorySyncHarness } from './memory.ts'

/** What makes the harness of an adapter's whole stack; the half that it does not have is the in-memory one. */
export function stackHarnessFactory({ sync, bus, store }: Adapter): () => Promise<SyncHarness> {
  if (sync) return sync
  return async () => {
    const [storeHarness, busHarness] = await Promise.all([store?.(), bus?.()])
    if (storeHarness) return combineHarnesses(storeHarness, busHarness ?? (await memoryBusHarnessOn(storeHarness.time)))
    return busHarness ? combineHarnesses(await memoryStoreHarnessOn(busHarness.time), busHarness) : memorySyncHarness()
  }
}

/**
 * A stack out of a store's harness and a bus's.
 * @throws Error unless both are on one time: the same virtual one, or the machine's
 */
export function combineHarnesses(store: StoreHarness, bus: BusHarness): SyncHarness {
  const { time } = store
  if (time !== bus.time) throw new Error('the store and the bus of a stack need one time: give both the same, or none')
  return {
    namespace: `${store.namespace}.${bus.namespace}`,
    ...(time && { time }),
    ...(store.faults && { storeFaults: store.faults }),
    ...(bus.faults && { busFaults: bus.faults }),
    open: async ({ skew = 0, ...options } = {}) => {
      const [openedStore, openedBus] = await Promise.all([store.open(), bus.open()])
      const runtime = withClockSkew(time ?? systemRuntime, skew)
      return createInstance({ ...options, store: openedStore, bus: openedBus, runtime })
    },
    store: () => store.open(),
    bus: () => bus.open(),
    async close() {
      await Promise.all([store.close(), bus.close()])
    },
  }
}
