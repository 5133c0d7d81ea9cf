import { createMemoryHub, fanout, type MemoryHub, memoryBus, type Runtime } from '@sync/core'
import { createVirtualRuntime } from '@sync/core/testing'
import type { Adapter, BusHarness, SyncHarness } from './harness.ts'
import { memoryStack } from './memory.ts'

let harnessCount = 0

/** Creates the harness of two in-memory buses joined by `fanout`. */
async function fanoutBusHarness(): Promise<BusHarness> {
  const time = createVirtualRuntime(++harnessCount)
  const thrown: unknown[] = []
  const hubs = [1, 2].map(() =>
    createMemoryHub({ runtime: time, maxPayloadBytes: 65_536, onError: (error) => thrown.push(error) }),
  )
  const forEachBus = (action: (bus: (typeof hubs)[number]['bus']) => void): void => {
    for (const { bus } of hubs) action(bus)
  }
  return {
    namespace: `fanout${harnessCount}`,
    time,
    thrown,
    open: async () => fanout({ runtime: time }, ...hubs.map((hub) => memoryBus(hub))),
    close: async () => {},
    faults: {
      kill: () => forEachBus((bus) => bus.makeUnavailable()),
      restart: () => forEachBus((bus) => bus.makeAvailable()),
      cut: () =>
        forEachBus((bus) => {
          bus.interrupt()
          bus.resume()
        }),
    },
  }
}

/** Creates the harness of instances with two buses; the faults of the rules affect only one of them. */
function fanoutSyncHarness(): Promise<SyncHarness> {
  const secondHubs = new Map<Runtime, MemoryHub>()
  return memoryStack({
    bus(bus, runtime) {
      const hub = secondHubs.get(runtime) ?? createMemoryHub({ runtime })
      secondHubs.set(runtime, hub)
      return fanout({ runtime }, bus, memoryBus(hub))
    },
  })
}

/** Adapter of two in-memory buses joined by `fanout`. */
export const fanoutAdapter: Adapter = {
  name: 'fanout',
  bus: fanoutBusHarness,
  sync: fanoutSyncHarness,
}
