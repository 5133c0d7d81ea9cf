import { canTest } from '@sync/brokers'
import { describe, expect, it } from 'vitest'
import { Recorder } from '../src/migration/recorder.ts'
import { natsToStreams, pubSubToKafka } from '../src/migration/scenarios.ts'

const redis = await canTest('moving a fleet from bus to bus', { broker: 'redis', controllable: true })
const kafka = redis && (await canTest('moving a fleet to Kafka', { broker: 'kafka', controllable: true }))
const nats = redis && (await canTest('moving a fleet from NATS', { broker: 'nats', controllable: true }))

const scenarios = [...(kafka ? [pubSubToKafka] : []), ...(nats ? [natsToStreams] : [])]

describe.runIf(scenarios.length > 0)('migrate()', { timeout: 60_000 }, () => {
  it.each(scenarios)('loses no change and keeps all replicas equal under load: $name', async (scenario) => {
    const { lost, problems, acknowledged, p95 } = await scenario.run()
    expect({ lost, problems }).toEqual({ lost: 0, problems: [] })
    expect(acknowledged).toBeGreaterThan(1_300)
    expect([p95.before, p95.during, p95.after].every(Number.isFinite)).toBe(true)
  })
})

describe('Recorder', () => {
  it('counts changes that a stream omits, and reports a stream that goes back', () => {
    const recorder = new Recorder()
    for (const version of [3, 4, 6, 7]) recorder.recordChange('one', 'k', version)
    for (const version of [5, 6, 7, 8, 9]) recorder.recordChange('two', 'k', version)
    recorder.recordWrite('k', 9)
    expect(recorder.hasDelivered(recorder.ends)).toBe(false)
    expect(recorder.lost).toBe(3)
    expect(recorder.problems).toEqual([])
    recorder.recordChange('two', 'k', 9)
    expect(recorder.problems).toEqual(['two of k: version 9 was emitted after 9'])
  })
})
