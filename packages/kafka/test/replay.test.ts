import { canTest, type KafkaServer, startKafka } from '@sync/brokers'
import { decodeFrame } from '@sync/core/adapter'
import { kafkaBus } from '@sync/kafka'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { kafkaPartitionOf } from '../src/names.ts'
import { change } from './change.ts'

const WAIT = { timeout: 20_000, interval: 10 }
/** Number of large records that take several reads to catch up with. */
const BACKLOG = 60
const LARGE = JSON.stringify('x'.repeat(100_000))

/** One key of each of two Kafka partitions. */
const [backlogKey = '', liveKey = ''] = [0, 1].map((partition) =>
  Array.from({ length: 100 }, (_, n) => `k${n}`).find((key) => kafkaPartitionOf('s', key, 2) === partition),
)

describe.runIf(await canTest('replay from several partitions of Kafka', { broker: 'kafka' }))(
  'subscribe({ after })',
  () => {
    let kafka: KafkaServer
    beforeAll(async () => {
      kafka = await startKafka()
    }, 60_000)
    afterAll(() => kafka[Symbol.asyncDispose]())

    it.each(['kafkajs', 'platformatic'] as const)(
      'misses no older record when the offset is of a frame received while catching up (%s)',
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
        const initial = await subscribeFrom()
        await bus.publish(scope, [change(1, backlogKey)])
        await bus.publish(scope, [change(2, liveKey)])
        await vi.waitFor(() => expect(initial.received).toHaveLength(2), WAIT)
        const after = initial.received[1]?.offset ?? ''
        let sequence = 2
        for (let n = 0; n < BACKLOG; n++) await bus.publish(scope, [change(++sequence, backlogKey, LARGE)])

        // the other Kafka partition receives records while this one is read
        let catchingUp = true
        const publishing = (async () => {
          while (catchingUp) await bus.publish(scope, [change(++sequence, liveKey)])
        })()
        const { received, subscription } = await subscribeFrom(after)
        await vi.waitFor(() => expect(received.some(({ sequence }) => sequence === 2 + BACKLOG)).toBe(true), WAIT)
        catchingUp = false
        await publishing
        await subscription.stop()

        const caughtUpAt = received.findIndex(({ sequence }) => sequence === 2 + BACKLOG)
        const resumeAt = received.findLastIndex(({ sequence }, at) => at < caughtUpAt && sequence > 2 + BACKLOG)
        expect(resumeAt).toBeGreaterThan(0)
        const resumed = await subscribeFrom(received[resumeAt]?.offset)
        const missing = (): number[] => {
          const seen = new Set([...received.slice(0, resumeAt + 1), ...resumed.received].map((each) => each.sequence))
          return Array.from({ length: sequence - 2 }, (_, n) => n + 3).filter((each) => !seen.has(each))
        }
        await vi.waitFor(() => expect(missing()).toEqual([]), { ...WAIT, timeout: 5_000 })
        // replay starts near the offset, not at the beginning
        expect(resumed.received[0]?.sequence).toBeGreaterThan(3)
      },
      60_000,
    )
  },
)
