import { canTest, type KafkaServer, startKafka } from '@sync/brokers'
import { kafkaBus } from '@sync/kafka'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { change } from './change.ts'

const WAIT = { timeout: 10_000, interval: 5 }

describe.runIf(await canTest('the bus on the oldest Kafka', { broker: 'kafka-oldest', controllable: true }))(
  'the oldest Kafka',
  () => {
    let kafka: KafkaServer
    beforeAll(async () => {
      kafka = await startKafka({ release: 'oldest' })
    }, 60_000)
    afterAll(() => kafka[Symbol.asyncDispose]())

    test.each(['kafkajs', 'platformatic'] as const)(
      'carries changes by %s, also again from an offset and after a restart',
      async (client) => {
        const scope = { partition: client, section: 's' }
        await using bus = kafkaBus(kafka.url, { client })
        const received: { text: string; offset: string | undefined }[] = []
        await bus.subscribe(scope, (frame, offset) =>
          received.push({ text: `${Buffer.from(frame as Uint8Array)}`, offset }),
        )
        for (let n = 1; n <= 5; n++) await bus.publish(scope, [change(n)])
        await vi.waitFor(() => expect(received).toHaveLength(5), WAIT)

        const after = received[1]?.offset ?? ''
        const again: string[] = []
        await bus.subscribe(scope, (frame) => again.push(`${Buffer.from(frame as Uint8Array)}`), { after })
        await vi.waitFor(() => expect(again).toEqual(received.slice(2).map(({ text }) => text)), WAIT)

        await kafka.kill()
        await kafka.restart()
        await vi.waitFor(() => bus.publish(scope, [change(6)]), WAIT)
        await vi.waitFor(() => expect(again.at(-1)).toContain('6'), WAIT)
        expect(received.at(-1)?.text).toBe(again.at(-1))
      },
      60_000,
    )

    // newer ones ask for no more copies than there are
    test.each(['kafkajs', 'platformatic'] as const)(
      'refuses what too few copies can take, and goes on being read meanwhile (%s)',
      async (client) => {
        const admin = new Kafka({ brokers: [kafka.address], logLevel: logLevel.NOTHING }).admin()
        await admin.connect()
        const configEntries = [{ name: 'min.insync.replicas', value: '2' }]
        await admin.createTopics({ topics: [{ topic: `sync.few-${client}`, configEntries }] })
        await admin.disconnect()
        await using bus = kafkaBus(kafka.url, { client, timeout: '2s' })
        const statuses: string[] = []
        bus.onStatus((status) => statuses.push(status))
        const read = { partition: `read-${client}`, section: 's' }
        let received = 0
        await bus.subscribe(read, () => received++)
        const publishing = bus.publish({ partition: `few-${client}`, section: 's' }, [change(1)])
        await expect(publishing).rejects.toMatchObject({ code: 'SYNC_BUS_UNAVAILABLE', retryable: true })
        await bus.publish(read, [change(1)])
        await vi.waitFor(() => expect(received).toBe(1), WAIT)
        expect(statuses).toEqual(['connected'])
      },
      60_000,
    )
  },
)
