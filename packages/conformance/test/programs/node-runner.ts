import { describe, it } from 'node:test'
import { describeBusConformance, memoryBusHarness } from '@sync/conformance'
import { overridePublish } from '../../src/mutants/overlay.ts'

// run by `node --test`: one bus that is right, and one that swallows what goes wrong
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
