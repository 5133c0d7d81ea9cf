import { createMemoryHub, fanout, type MemoryHub, memoryBus, type Runtime } from '@sync/core'
import { createVirtualRuntime } from '@sync/core/testing'
import type { Adapter, BusHarness, SyncHarness } from './harness.ts'
import { memoryStack } from './memory.ts'

let harnesses = 0

/** Two in-memory buses as one, as the kit tests them. */
async function fanoutBusHarness(): Promise<BusHarness> {
  const time = createVirtualRuntime(++harnesses)
  const thrown: unknown[] = []
  const hubs = [1, 2].map(() =>
    createMemoryHub({ runtime: time, maxPayloadBytes: 65_536, onError: (error) => thrown.push(error) }),
  )
  const each = (work: (bus: (typeof hubs)[number]['bus']) => void): void => {
    for (const { bus } of hubs) work(bus)
  }
  return {
    namespace: `fanout${harnesses}`,
    time,
    thrown,
    open: async () => fanout({ runtime: time }, ...hubs.map((hub) => memoryBus(hub))),
    close: async () => {},
    faults: {
      kill: () => each((bus) => bus.away()),
      restart: () => each((bus) => bus.back()),
      cut: () =>
        each((bus) => {
          bus.interrupt()
          bus.resume()
        }),
    },
  }
}

/** Instances that hear every change on two buses, one of which nobody can harm. */
function fanoutSyncHarness(): Promise<SyncHarness> {
  const other = new Map<Runtime, MemoryHub>()
  return memoryStack({
    bus(bus, runtime) {
      const hub = other.get(runtime) ?? createMemoryHub({ runtime })
      other.set(runtime, hub)
      return fanout({ runtime }, bus, memoryBus(hub))
    },
  })
}

/** Two in-memory buses joined by `fanout`. */
export const fanoutAdapter: Adapter = {
  name: 'fanout',
  bus: fanoutBusHarness,
  sync: fanoutSyncHarness,
}
