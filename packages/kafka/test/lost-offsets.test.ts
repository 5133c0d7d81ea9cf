import { canTest, type KafkaServer, startKafka } from '@sync/brokers'
import { kafkaBus } from '@sync/kafka'
import type { Admin } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { withAdmin } from './admin.ts'
import { change } from './change.ts'

const WAIT = { timeout: 20_000, interval: 20 }
const CLIENTS = ['kafkajs', 'platformatic'] as const

describe.runIf(await canTest('offsets that Kafka has lost', { broker: 'kafka', controllable: true }))(
  'subscribe({ after })',
  () => {
    let kafka: KafkaServer
    beforeAll(async () => {
      kafka = await startKafka()
    }, 60_000)
    afterAll(() => kafka[Symbol.asyncDispose]())

    const asAdmin = (work: (admin: Admin) => Promise<unknown>): Promise<void> => withAdmin(kafka, work)

    const openBus = (client: (typeof CLIENTS)[number]) => kafkaBus(kafka.url, { client, partitions: 1 })

    const publish = async (client: (typeof CLIENTS)[number], partition: string, from: number, to: number) => {
      await using bus = openBus(client)
      for (let n = from; n <= to; n++) await bus.publish({ partition, section: 's' }, [change(n)])
    }

    /** Publishes three changes, and returns the offset of the last one. */
    const publishForOffset = async (client: (typeof CLIENTS)[number], partition: string): Promise<string> => {
      await using bus = openBus(client)
      const offsets: (string | undefined)[] = []
      await bus.subscribe({ partition, section: 's' }, (_, offset) => offsets.push(offset))
      await publish(client, partition, 1, 3)
      await vi.waitFor(() => expect(offsets).toHaveLength(3), WAIT)
      return offsets[2] ?? ''
    }

    const resume = async (client: (typeof CLIENTS)[number], partition: string, after: string): Promise<void> => {
      await using bus = openBus(client)
      await bus.subscribe({ partition, section: 's' }, () => {}, { after })
    }

    it.each(CLIENTS)(
      'rejects an offset beyond which the topic was trimmed (%s)',
      async (client) => {
        const partition = `trimmed-${client}`
        const after = await publishForOffset(client, partition)
        await resume(client, partition, after)
        await publish(client, partition, 4, 6)
        const topic = `sync.${partition}`
        await asAdmin(async (admin) => {
          // kafkajs needs the metadata to find the leader
          await admin.fetchTopicMetadata({ topics: [topic] })
          await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '5' }] })
        })
        await expect(resume(client, partition, after)).rejects.toMatchObject({ code: 'SYNC_OFFSET_LOST' })
      },
      60_000,
    )

    it.each(CLIENTS)(
      'rejects an offset of a topic that was deleted and created again (%s)',
      async (client) => {
        const partition = `recreated-${client}`
        const after = await publishForOffset(client, partition)
        const topic = `sync.${partition}`
        await asAdmin(async (admin) => {
          await admin.deleteTopics({ topics: [topic] })
          await vi.waitFor(async () => expect(await admin.listTopics()).not.toContain(topic), WAIT)
        })
        await vi.waitFor(() => publish(client, partition, 11, 15), WAIT)
        await expect(resume(client, partition, after)).rejects.toMatchObject({ code: 'SYNC_OFFSET_LOST' })
      },
      60_000,
    )

    it('rejects an offset of a log that lost its end, even after the log has grown again', async () => {
      const after = await publishForOffset('kafkajs', 'cut')
      await kafka.stop()
      expect(await kafka.truncateLog({ topic: 'sync.cut', partition: 0, bytes: 1 })).toBe(1)
      await kafka.restart()
      await publish('kafkajs', 'cut', 21, 25)
      for (const client of CLIENTS)
        await expect(resume(client, 'cut', after)).rejects.toMatchObject({ code: 'SYNC_OFFSET_LOST' })
    }, 60_000)

    it.each(CLIENTS)(
      'emits an interruption and continues when the topic is deleted and created again (%s)',
      async (client) => {
        const partition = `reader-${client}`
        await publish(client, partition, 1, 1)
        await using bus = openBus(client)
        const statuses: string[] = []
        bus.onStatus((status) => statuses.push(status))
        let received = 0
        await bus.subscribe({ partition, section: 's' }, () => received++)
        const topic = `sync.${partition}`
        await asAdmin(async (admin) => {
          await admin.deleteTopics({ topics: [topic] })
        })
        // the reader or the publisher creates the topic again, whichever looks it up first
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
