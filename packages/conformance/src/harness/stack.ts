import { createInstance, systemRuntime } from '@sync/core'
import { withClockSkew } from './clock-skew.ts'
import type { Adapter, BusHarness, StoreHarness, SyncHarness } from './harness.ts'
import { memoryBusHarnessOn, memoryStoreHarnessOn, memorySyncHarness } from './memory.ts'

/** Returns a factory for harnesses of an adapter's whole stack. The in-memory adapter takes the place of a missing half. */
export function stackHarnessFactory({ sync, bus, store }: Adapter): () => Promise<SyncHarness> {
  if (sync) return sync
  return async () => {
    const [storeHarness, busHarness] = await Promise.all([store?.(), bus?.()])
    if (storeHarness) return combineHarnesses(storeHarness, busHarness ?? (await memoryBusHarnessOn(storeHarness.time)))
    return busHarness ? combineHarnesses(await memoryStoreHarnessOn(busHarness.time), busHarness) : memorySyncHarness()
  }
}

/**
 * Combines the harnesses of a store and a bus into one of a whole stack.
 * @throws Error if they run on different clocks.
 */
export function combineHarnesses(store: StoreHarness, bus: BusHarness): SyncHarness {
  const { time } = store
  if (time !== bus.time)
    throw new Error('`time` of a stack: expected the same clock for store and bus, got two; pass one to both, or none')
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
