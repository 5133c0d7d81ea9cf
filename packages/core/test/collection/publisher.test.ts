import { describe, expect, it } from 'vitest'
import { Publisher } from '../../src/collection/publisher.ts'
import { Metrics } from '../../src/replica/metrics.ts'
import { createVirtualRuntime } from '../../src/testing/virtual-runtime.ts'
import { changeOf, SECTION } from '../memory/listener.ts'
import { ScriptedBus } from '../transport/fanout/scripted-bus.ts'

describe('Publisher', () => {
  it('publishes a change that arrives any number of steps after the previous one', async () => {
    for (let steps = 0; steps < 20; steps++) {
      const bus = new ScriptedBus()
      const publisher = new Publisher(SECTION, false, {
        bus,
        runtime: createVirtualRuntime(),
        metrics: new Metrics(),
        onFailure: () => {},
      })
      publisher.publish(changeOf(1))
      for (let step = 0; step < steps; step++) await undefined
      publisher.publish(changeOf(2))
      await publisher.flush()
      expect({ steps, published: bus.calls.flat() }).toEqual({ steps, published: [1, 2] })
    }
  })
})
