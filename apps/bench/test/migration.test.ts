import { canTest } from '@sync/brokers'
import { describe, expect, test } from 'vitest'
import { Recorder } from '../src/migration/recorder.ts'
import { natsToStreams, pubSubToKafka } from '../src/migration/scenarios.ts'

const redis = await canTest('moving a fleet from bus to bus', { broker: 'redis', controllable: true })
const kafka = redis && (await canTest('moving a fleet to Kafka', { broker: 'kafka', controllable: true }))
const nats = redis && (await canTest('moving a fleet from NATS', { broker: 'nats', controllable: true }))

const journeys = [...(kafka ? [pubSubToKafka] : []), ...(nats ? [natsToStreams] : [])]

describe.runIf(journeys.length > 0)(
  'a fleet moves under load by two rolling restarts, and nothing is lost or differs:',
  { timeout: 60_000 },
  () => {
    test.each(journeys)('$name', async (journey) => {
      const { lost, problems, acknowledged, p95 } = await journey.run()
      expect({ lost, wrong: problems }).toEqual({ lost: 0, wrong: [] })
      expect(acknowledged).toBeGreaterThan(1_300)
      expect([p95.before, p95.during, p95.after].every(Number.isFinite)).toBe(true)
    })
  },
)

test('a stream that leaves out a change, or ends early, is noticed; so is one that goes back', () => {
  const notes = new Recorder()
  for (const version of [3, 4, 6, 7]) notes.told('one', 'k', version)
  for (const version of [5, 6, 7, 8, 9]) notes.told('two', 'k', version)
  notes.recordWrite('k', 9)
  expect(notes.hasDelivered(notes.ends)).toBe(false)
  expect(notes.lost).toBe(3)
  expect(notes.problems).toEqual([])
  notes.told('two', 'k', 9)
  expect(notes.problems).toEqual(['two of k: 9 was told after 9'])
})
