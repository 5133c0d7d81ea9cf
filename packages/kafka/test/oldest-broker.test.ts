import { canTest, type KafkaServer, startKafka } from '@sync/brokers'
import { kafkaBus } from '@sync/kafka'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { change } from './change.ts'

const WAIT = { timeout: 10_000, interval: 5 }

describe.runIf(await canTest('the bus on the oldest Kafka', { broker: 'kafka-oldest', controllable: true }))(
  'kafkaBus() on the oldest supported Kafka',
  () => {
    let kafka: KafkaServer
    beforeAll(async () => {
      kafka = await startKafka({ release: 'oldest' })
    }, 60_000)
    afterAll(() => kafka[Symbol.asyncDispose]())

    it.each(['kafkajs', 'platformatic'] as const)(
      'delivers changes, also from an offset and after a restart (%s)',
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
        const resumed: string[] = []
        await bus.subscribe(scope, (frame) => resumed.push(`${Buffer.from(frame as Uint8Array)}`), { after })
        await vi.waitFor(() => expect(resumed).toEqual(received.slice(2).map(({ text }) => text)), WAIT)

        await kafka.kill()
        await kafka.restart()
        await vi.waitFor(() => bus.publish(scope, [change(6)]), WAIT)
        await vi.waitFor(() => expect(resumed.at(-1)).toContain('6'), WAIT)
        expect(received.at(-1)?.text).toBe(resumed.at(-1))
      },
      60_000,
    )

    // newer brokers never require more in-sync replicas than a topic has
    it.each(['kafkajs', 'platformatic'] as const)(
      'rejects a publication that lacks in-sync replicas, and keeps reading other topics (%s)',
      async (client) => {
        const admin = new Kafka({ brokers: [kafka.address], logLevel: logLevel.NOTHING }).admin()
        await admin.connect()
        const configEntries = [{ name: 'min.insync.replicas', value: '2' }]
        await admin.createTopics({ topics: [{ topic: `sync.few-${client}`, configEntries }] })
        await admin.disconnect()
        await using bus = kafkaBus(kafka.url, { client, timeout: '2s' })
        const statuses: string[] = []
        bus.onStatus((status) => statuses.push(status))
        const healthy = { partition: `read-${client}`, section: 's' }
        let received = 0
        await bus.subscribe(healthy, () => received++)
        const publishing = bus.publish({ partition: `few-${client}`, section: 's' }, [change(1)])
        await expect(publishing).rejects.toMatchObject({ code: 'SYNC_BUS_UNAVAILABLE', retryable: true })
        await bus.publish(healthy, [change(1)])
        await vi.waitFor(() => expect(received).toBe(1), WAIT)
        expect(statuses).toEqual(['connected'])
      },
      60_000,
    )
  },
)
