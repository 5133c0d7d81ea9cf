import { canTest, startKafka } from '@sync/brokers'
import { decodeFrame } from '@sync/core/adapter'
import { kafkaBus } from '@sync/kafka'
import { describe, expect, it, vi } from 'vitest'
import { change } from './change.ts'

const WAIT = { timeout: 30_000, interval: 20 }
const scope = { partition: 'p', section: 's' }

describe.runIf(await canTest('the order over a restart of Kafka', { broker: 'kafka', controllable: true }))(
  'publish() while the broker is unavailable',
  () => {
    it.each(['kafkajs', 'platformatic'] as const)(
      'delivers changes in the order of the calls after the broker restarted (%s)',
      async (client) => {
        await using kafka = await startKafka()
        await using bus = kafkaBus(kafka.url, { client, timeout: '40s' })
        const received = new Set<number>()
        await bus.subscribe(scope, (frame) => {
          for (const { sequence } of decodeFrame(frame).changes) received.add(sequence)
        })
        await bus.publish(scope, [change(1)])
        await kafka.stop()
        const restarted = kafka.restart()
        let available = false
        const publishing: Promise<void>[] = []
        void restarted.then(() => {
          available = true
        })
        // publishes concurrently, until the broker is available again
        await vi.waitFor(
          () => {
            publishing.push(bus.publish(scope, [change(publishing.length + 2)]))
            expect(available).toBe(true)
          },
          { ...WAIT, interval: 10 },
        )
        await restarted
        await Promise.all(publishing)
        const expected = Array.from({ length: publishing.length + 1 }, (_, at) => at + 1)
        await vi.waitFor(() => expect(received.size).toBe(expected.length), WAIT)
        expect([...received]).toEqual(expected)
      },
      90_000,
    )
  },
)
