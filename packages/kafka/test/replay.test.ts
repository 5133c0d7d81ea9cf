import { canTest, type KafkaServer, startKafka } from '@sync/brokers'
import { decodeFrame } from '@sync/core/adapter'
import { kafkaBus } from '@sync/kafka'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { kafkaPartitionOf } from '../src/names.ts'
import { change } from './change.ts'

const WAIT = { timeout: 20_000, interval: 10 }
/** So much is read in several turns. */
const BACKLOG = 60
const LARGE = JSON.stringify('x'.repeat(100_000))

/** A key of each of two Kafka partitions. */
const [early = '', late = ''] = [0, 1].map((partition) =>
  Array.from({ length: 100 }, (_, n) => `k${n}`).find((key) => kafkaPartitionOf('s', key, 2) === partition),
)

describe.runIf(await canTest('replay from several partitions of Kafka', { broker: 'kafka' }))('an offset', () => {
  let kafka: KafkaServer
  beforeAll(async () => {
    kafka = await startKafka()
  }, 60_000)
  afterAll(() => kafka[Symbol.asyncDispose]())

  test.each(['kafkajs', 'platformatic'] as const)(
    'of a frame that was heard while older ones were still being read leaves none of those out (%s)',
    async (client) => {
      const scope = { partition: client, section: 's' }
      await using bus = kafkaBus(kafka.url, { client, partitions: 2 })
      const subscribeFrom = async (after?: string) => {
        const received: { sequence: number; offset: string }[] = []
        const subscription = await bus.subscribe(
          scope,
          (frame, offset = '') => {
            for (const { sequence } of decodeFrame(frame).changes) received.push({ sequence, offset })
          },
          after === undefined ? {} : { after },
        )
        return { received, subscription }
      }
      const whole = await subscribeFrom()
      await bus.publish(scope, [change(1, early)])
      await bus.publish(scope, [change(2, late)])
      await vi.waitFor(() => expect(whole.received).toHaveLength(2), WAIT)
      const after = whole.received[1]?.offset ?? ''
      let sequence = 2
      for (let n = 0; n < BACKLOG; n++) await bus.publish(scope, [change(++sequence, early, LARGE)])

      // the other partition goes on while this one is read
      let reading = true
      const flowing = (async () => {
        while (reading) await bus.publish(scope, [change(++sequence, late)])
      })()
      const { received, subscription } = await subscribeFrom(after)
      await vi.waitFor(() => expect(received.some((each) => each.sequence === 2 + BACKLOG)).toBe(true), WAIT)
      reading = false
      await flowing
      await subscription.stop()

      const end = received.findIndex((each) => each.sequence === 2 + BACKLOG)
      const place = received.findLastIndex((each, at) => at < end && each.sequence > 2 + BACKLOG)
      expect(place).toBeGreaterThan(0)
      const again = await subscribeFrom(received[place]?.offset)
      const missing = (): number[] => {
        const had = new Set([...received.slice(0, place + 1), ...again.received].map((each) => each.sequence))
        return Array.from({ length: sequence - 2 }, (_, n) => n + 3).filter((each) => !had.has(each))
      }
      await vi.waitFor(() => expect(missing()).toEqual([]), { ...WAIT, timeout: 5_000 })
      // and hardly more than that
      expect(again.received[0]?.sequence).toBeGreaterThan(3)
    },
    60_000,
  )
})
