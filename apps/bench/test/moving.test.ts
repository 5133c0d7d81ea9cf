import { canTest } from '@sync/brokers'
import { describe, expect, test } from 'vitest'
import { natsToStreams, pubSubToKafka } from '../src/moving/journeys.ts'
import { Notes } from '../src/moving/notes.ts'

const redis = await canTest('moving a fleet from bus to bus', { broker: 'redis', hooks: true })
const kafka = redis && (await canTest('moving a fleet to Kafka', { broker: 'kafka', hooks: true }))
const nats = redis && (await canTest('moving a fleet from NATS', { broker: 'nats', hooks: true }))

const journeys = [...(kafka ? [pubSubToKafka] : []), ...(nats ? [natsToStreams] : [])]

describe.runIf(journeys.length > 0)(
  'a fleet moves under load by two rolling restarts, and nothing is lost or differs:',
  { timeout: 60_000 },
  () => {
    test.each(journeys)('$name', async (journey) => {
      const { lost, wrong, acknowledged, p95 } = await journey.run()
      expect({ lost, wrong }).toEqual({ lost: 0, wrong: [] })
      expect(acknowledged).toBeGreaterThan(1_300)
      expect([p95.before, p95.during, p95.after].every(Number.isFinite)).toBe(true)
    })
  },
)

test('a stream that leaves out a change, or ends early, is noticed; so is one that goes back', () => {
  const notes = new Notes()
  for (const version of [3, 4, 6, 7]) notes.told('one', 'k', version)
  for (const version of [5, 6, 7, 8, 9]) notes.told('two', 'k', version)
  notes.written('k', 9)
  expect(notes.reached(notes.ends)).toBe(false)
  expect(notes.lost).toBe(3)
  expect(notes.wrong).toEqual([])
  notes.told('two', 'k', 9)
  expect(notes.wrong).toEqual(['two of k: 9 was told after 9'])
})
