import { describe, it } from 'node:test'
import { describeBusConformance, memoryBusHarness } from '@sync/conformance'
import { overridePublish } from '../../src/mutants/overlay.ts'

// A program for `node --test`: a correct bus, and a bus that swallows publish errors.
const runner = { describe, it }
describeBusConformance({ name: 'a good bus', createHarness: memoryBusHarness, runner })
describeBusConformance({
  name: 'a bad bus',
  async createHarness() {
    const harness = await memoryBusHarness()
    const open = async () => {
      const bus = await harness.open()
      return overridePublish(bus, (scope, changes) => bus.publish(scope, changes).catch(() => {}))
    }
    return { ...harness, open }
  },
  runner,
})
