import { canTest, type KafkaServer, startKafka } from '@sync/brokers'
import { kafkaBus } from '@sync/kafka'
import type { Admin } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { withAdmin } from './admin.ts'
import { change } from './change.ts'

const WAIT = { timeout: 20_000, interval: 20 }
const CLIENTS = ['kafkajs', 'platformatic'] as const

describe.runIf(await canTest('offsets that Kafka has lost', { broker: 'kafka', controllable: true }))(
  'an offset',
  () => {
    let kafka: KafkaServer
    beforeAll(async () => {
      kafka = await startKafka()
    }, 60_000)
    afterAll(() => kafka[Symbol.asyncDispose]())

    const asAdmin = (work: (admin: Admin) => Promise<unknown>): Promise<void> => withAdmin(kafka, work)

    const opened = (client: (typeof CLIENTS)[number]) => kafkaBus(kafka.url, { client, partitions: 1 })

    const publish = async (client: (typeof CLIENTS)[number], partition: string, from: number, to: number) => {
      await using bus = opened(client)
      for (let n = from; n <= to; n++) await bus.publish({ partition, section: 's' }, [change(n)])
    }

    /** Publishes some changes; answers the offset of the third. */
    const offsetIn = async (client: (typeof CLIENTS)[number], partition: string): Promise<string> => {
      await using bus = opened(client)
      const offsets: (string | undefined)[] = []
      await bus.subscribe({ partition, section: 's' }, (_, offset) => offsets.push(offset))
      await publish(client, partition, 1, 3)
      await vi.waitFor(() => expect(offsets).toHaveLength(3), WAIT)
      return offsets[2] ?? ''
    }

    const goOn = async (client: (typeof CLIENTS)[number], partition: string, after: string): Promise<void> => {
      await using bus = opened(client)
      await bus.subscribe({ partition, section: 's' }, () => {}, { after })
    }

    test.each(CLIENTS)(
      'that was trimmed is refused (%s)',
      async (client) => {
        const partition = `trimmed-${client}`
        const after = await offsetIn(client, partition)
        await goOn(client, partition, after)
        await publish(client, partition, 4, 6)
        const topic = `sync.${partition}`
        await asAdmin(async (admin) => {
          // what kafkajs takes the leaders from
          await admin.fetchTopicMetadata({ topics: [topic] })
          await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '5' }] })
        })
        await expect(goOn(client, partition, after)).rejects.toMatchObject({ code: 'SYNC_OFFSET_LOST' })
      },
      60_000,
    )

    test.each(CLIENTS)(
      'of a topic that was made anew is refused (%s)',
      async (client) => {
        const partition = `anew-${client}`
        const after = await offsetIn(client, partition)
        const topic = `sync.${partition}`
        await asAdmin(async (admin) => {
          await admin.deleteTopics({ topics: [topic] })
          await vi.waitFor(async () => expect(await admin.listTopics()).not.toContain(topic), WAIT)
        })
        await vi.waitFor(() => publish(client, partition, 11, 15), WAIT)
        await expect(goOn(client, partition, after)).rejects.toMatchObject({ code: 'SYNC_OFFSET_LOST' })
      },
      60_000,
    )

    test('of a log that lost its end is refused, also when it has grown again', async () => {
      const after = await offsetIn('kafkajs', 'cut')
      await kafka.stop()
      expect(await kafka.truncateLog({ topic: 'sync.cut', partition: 0, bytes: 1 })).toBe(1)
      await kafka.restart()
      await publish('kafkajs', 'cut', 21, 25)
      for (const client of CLIENTS)
        await expect(goOn(client, 'cut', after)).rejects.toMatchObject({ code: 'SYNC_OFFSET_LOST' })
    }, 60_000)

    test.each(CLIENTS)(
      'a reader whose topic is made anew says so, and goes on (%s)',
      async (client) => {
        const partition = `reader-${client}`
        await publish(client, partition, 1, 1)
        await using bus = opened(client)
        const statuses: string[] = []
        bus.onStatus((status) => statuses.push(status))
        let received = 0
        await bus.subscribe({ partition, section: 's' }, () => received++)
        const topic = `sync.${partition}`
        await asAdmin(async (admin) => {
          await admin.deleteTopics({ topics: [topic] })
        })
        // it is made again by whoever looks first
        await vi.waitFor(async () => {
          await publish(client, partition, 2, 2)
          expect(received).toBeGreaterThan(0)
        }, WAIT)
        await vi.waitFor(() => expect(statuses.at(-1)).toBe('resumed'), WAIT)
        expect(statuses.slice(0, 2)).toEqual(['connected', 'interrupted'])
      },
      60_000,
    )
  },
)
