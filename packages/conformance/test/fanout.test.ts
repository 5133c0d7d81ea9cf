import { type BusHarness, describeBusConformance } from '@sync/conformance'
import { createMemoryHub, fanout, type MemoryHub, memoryBus } from '@sync/core'
import { createVirtualRuntime } from '@sync/core/testing'
import { describe, it } from 'vitest'

type BusControls = MemoryHub['bus']

/** Condition of the second bus, and the buses that the rules' faults affect. */
interface Case {
  readonly name: string
  readonly breakSecond?: (second: BusControls) => void
  readonly affected: 'both' | 'the first'
}

let harnessCount = 0

async function twoBuses({ breakSecond, affected }: Case): Promise<BusHarness> {
  const time = createVirtualRuntime(++harnessCount)
  const thrown: unknown[] = []
  const options = { runtime: time, maxPayloadBytes: 65_536, onError: (error: unknown) => thrown.push(error) }
  const [first, second] = [createMemoryHub(options), createMemoryHub(options)]
  breakSecond?.(second.bus)
  const onAffected = (act: (bus: BusControls) => void) => (): void => {
    act(first.bus)
    if (affected === 'both') act(second.bus)
  }
  return {
    namespace: `fanout${harnessCount}`,
    time,
    thrown,
    open: async () => fanout({ runtime: time }, memoryBus(first), memoryBus(second)),
    close: async () => {},
    faults: {
      kill: onAffected((bus) => bus.makeUnavailable()),
      restart: onAffected((bus) => bus.makeAvailable()),
      cut: onAffected((bus) => {
        bus.interrupt()
        bus.resume()
      }),
    },
  }
}

const cases: readonly Case[] = [
  { name: 'a fanout of two buses', affected: 'both' },
  {
    name: 'a fanout with a bus that loses every change',
    affected: 'both',
    breakSecond: (bus) => bus.setFaultRates({ drop: 1 }),
  },
  { name: 'a fanout with a slow bus', affected: 'both', breakSecond: (bus) => bus.delay(30, 20) },
  { name: 'a fanout with an unavailable bus', affected: 'the first', breakSecond: (bus) => bus.makeUnavailable() },
]
for (const each of cases) {
  describeBusConformance({ name: each.name, createHarness: () => twoBuses(each), runner: { describe, it } })
}
