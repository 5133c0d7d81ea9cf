import { canTest, type KafkaServer, startKafka } from '@sync/brokers'
import { decodeFrame } from '@sync/core/adapter'
import { kafkaBus } from '@sync/kafka'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { change } from './change.ts'

const ROUNDS = 7
/** What an instance that starts may lose to its bus, in ms. */
const BOUND = 2_000

describe.runIf(await canTest('subscribing to Kafka', { broker: 'kafka' }))('an instance that starts', () => {
  let kafka: KafkaServer
  beforeAll(async () => {
    kafka = await startKafka()
  }, 60_000)
  afterAll(() => kafka[Symbol.asyncDispose]())

  test.each(['kafkajs', 'platformatic'] as const)(
    'hears at once what is published after subscribe has resolved, which takes 2 s at the most (%s)',
    async (client) => {
      await using elsewhere = kafkaBus(kafka.url, { client })
      const took: number[] = []
      for (let round = 1; round <= ROUNDS; round++) {
        // odd rounds: a topic that has to be made; even ones: that of the round before
        const scope = { partition: `${client}-${Math.ceil(round / 2)}`, section: `${round}` }
        await using bus = kafkaBus(kafka.url, { client })
        const received: number[] = []
        const startedAt = performance.now()
        await bus.subscribe(scope, (frame) =>
          received.push(...decodeFrame(frame).changes.map(({ sequence }) => sequence)),
        )
        took.push(performance.now() - startedAt)
        await elsewhere.publish(
          scope,
          [1, 2, 3, 4, 5, 6, 7, 8].map((n) => change(n, `k${n}`)),
        )
        await vi.waitFor(() => expect(received.toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]), { timeout: 10_000 })
      }
      expect(took.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)]).toBeLessThan(BOUND)
    },
    60_000,
  )
})
