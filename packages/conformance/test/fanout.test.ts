import { type BusHarness, describeBusConformance } from '@sync/conformance'
import { createMemoryHub, fanout, type MemoryHub, memoryBus } from '@sync/core'
import { createVirtualRuntime } from '@sync/core/testing'
import { describe, it } from 'vitest'

type Controls = MemoryHub['bus']

/** What is the matter with the second bus, and which of them the faults of the rules befall. */
interface Case {
  readonly name: string
  readonly spoil?: (second: Controls) => void
  readonly harmed: 'both' | 'the first'
}

let harnesses = 0

async function twoBuses({ spoil, harmed }: Case): Promise<BusHarness> {
  const time = createVirtualRuntime(++harnesses)
  const thrown: unknown[] = []
  const options = { runtime: time, maxPayloadBytes: 65_536, onError: (error: unknown) => thrown.push(error) }
  const [first, second] = [createMemoryHub(options), createMemoryHub(options)]
  spoil?.(second.bus)
  const each = (act: (bus: Controls) => void) => (): void => {
    act(first.bus)
    if (harmed === 'both') act(second.bus)
  }
  return {
    namespace: `fanout${harnesses}`,
    time,
    thrown,
    open: async () => fanout({ runtime: time }, memoryBus(first), memoryBus(second)),
    close: async () => {},
    faults: {
      kill: each((bus) => bus.away()),
      restart: each((bus) => bus.back()),
      cut: each((bus) => {
        bus.interrupt()
        bus.resume()
      }),
    },
  }
}

const cases: readonly Case[] = [
  { name: 'two buses as one', harmed: 'both' },
  { name: 'two buses, of which one loses everything', harmed: 'both', spoil: (bus) => bus.chance({ drop: 1 }) },
  { name: 'two buses, of which one is late', harmed: 'both', spoil: (bus) => bus.delay(30, 20) },
  { name: 'two buses, of which one is away', harmed: 'the first', spoil: (bus) => bus.away() },
]
for (const each of cases) {
  describeBusConformance({ name: each.name, createHarness: () => twoBuses(each), runner: { describe, it } })
}
