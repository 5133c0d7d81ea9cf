import { canTest, type KafkaServer, startKafka } from '@sync/brokers'
import { decodeFrame } from '@sync/core/adapter'
import { kafkaBus } from '@sync/kafka'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { change } from './change.ts'

const ROUNDS = 7
/** Maximum median duration of `subscribe` on a new bus, in milliseconds. */
const MAX_MEDIAN_MS = 2_000

describe.runIf(await canTest('subscribing to Kafka', { broker: 'kafka' }))('subscribe() on a new bus', () => {
  let kafka: KafkaServer
  beforeAll(async () => {
    kafka = await startKafka()
  }, 60_000)
  afterAll(() => kafka[Symbol.asyncDispose]())

  it.each(['kafkajs', 'platformatic'] as const)(
    'resolves within 2 s, and receives everything published afterwards (%s)',
    async (client) => {
      await using publisher = kafkaBus(kafka.url, { client })
      const durations: number[] = []
      for (let round = 1; round <= ROUNDS; round++) {
        // odd rounds create a topic, even rounds use that of the previous round
        const scope = { partition: `${client}-${Math.ceil(round / 2)}`, section: `${round}` }
        await using bus = kafkaBus(kafka.url, { client })
        const received: number[] = []
        const startedAt = performance.now()
        await bus.subscribe(scope, (frame) =>
          received.push(...decodeFrame(frame).changes.map(({ sequence }) => sequence)),
        )
        durations.push(performance.now() - startedAt)
        await publisher.publish(
          scope,
          [1, 2, 3, 4, 5, 6, 7, 8].map((n) => change(n, `k${n}`)),
        )
        await vi.waitFor(() => expect(received.toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]), { timeout: 10_000 })
      }
      expect(durations.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)]).toBeLessThan(MAX_MEDIAN_MS)
    },
    60_000,
  )
})
