import { canTest, type KafkaServer, startKafka } from '@sync/brokers'
import { kafkaBus } from '@sync/kafka'
import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, type Admin, ResourcePatternTypes } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { kafkaPartitionOf } from '../src/names.ts'
import { withAdmin } from './admin.ts'
import { change } from './change.ts'

const WAIT = { timeout: 20_000, interval: 20 }
const CLIENTS = ['kafkajs', 'platformatic'] as const

const config = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'allow.everyone.if.no.acl.found': 'true',
}

describe.runIf(await canTest('reading several topics of Kafka', { broker: 'kafka', controllable: true }))(
  'subscribe() to several topics',
  () => {
    let kafka: KafkaServer
    beforeAll(async () => {
      kafka = await startKafka({ config })
    }, 60_000)
    afterAll(() => kafka[Symbol.asyncDispose]())

    const asAdmin = (work: (admin: Admin) => Promise<unknown>): Promise<void> => withAdmin(kafka, work)

    /** Subscribes to two partitions, which are two topics on one broker. */
    const subscribeToBoth = async (client: (typeof CLIENTS)[number], name: string) => {
      const bus = kafkaBus(kafka.url, { client })
      const statuses: string[] = []
      bus.onStatus((status) => statuses.push(status))
      const received = [0, 0]
      const scopes = [0, 1].map((at) => ({ partition: `${name}-${client}-${at}`, section: 's' }))
      for (const [at, scope] of scopes.entries())
        await bus.subscribe(scope, () => (received[at] = (received[at] ?? 0) + 1))
      const topics = scopes.map(({ partition }) => `sync.${partition}`)
      const publish = (at: number, sequence: number) =>
        bus.publish(scopes[at] ?? { partition: '', section: '' }, [change(sequence, `k${sequence}`)])
      return { bus, statuses, received, topics, publish }
    }

    it.each(CLIENTS)(
      'continues when a topic is created again with fewer Kafka partitions (%s)',
      async (client) => {
        const { bus, statuses, received, topics, publish } = await subscribeToBoth(client, 'fewer')
        await using _ = bus
        await asAdmin(async (admin) => {
          await admin.deleteTopics({ topics: topics.slice(0, 1) })
          await vi.waitFor(
            async () =>
              expect(
                await admin.createTopics({
                  topics: [{ topic: topics[0] ?? '', numPartitions: 2 }],
                  waitForLeaders: false,
                }),
              ).toBe(true),
            WAIT,
          )
        })
        await vi.waitFor(() => expect(statuses).toEqual(['connected', 'interrupted', 'resumed']), WAIT)
        for (let sequence = 1; sequence <= 8; sequence++)
          for (const at of [0, 1]) await vi.waitFor(() => publish(at, sequence), WAIT)
        await vi.waitFor(() => expect(received).toEqual([8, 8]), WAIT)
      },
      60_000,
    )

    it.each(CLIENTS)(
      'receives from other topics while the broker denies access to one (%s)',
      async (client) => {
        const { bus, statuses, received, topics, publish } = await subscribeToBoth(client, 'denied')
        await using _ = bus
        const denied = {
          resourceType: AclResourceTypes.TOPIC,
          resourceName: topics[0] ?? '',
          resourcePatternType: ResourcePatternTypes.LITERAL,
          principal: 'User:ANONYMOUS',
          host: '*',
          operation: AclOperationTypes.READ,
          permissionType: AclPermissionTypes.DENY,
        }
        await asAdmin((admin) => admin.createAcls({ acl: [denied] }))
        await vi.waitFor(() => expect(statuses).toEqual(['connected', 'interrupted']), WAIT)
        for (let sequence = 1; sequence <= 8; sequence++) await publish(1, sequence)
        await vi.waitFor(() => expect(received).toEqual([0, 8]), WAIT)
        expect(statuses).toEqual(['connected', 'interrupted'])
        await asAdmin((admin) => admin.deleteAcls({ filters: [denied] }))
        await vi.waitFor(() => publish(0, 1), WAIT)
        await vi.waitFor(() => expect(received).toEqual([1, 8]), WAIT)
        await vi.waitFor(() => expect(statuses).toEqual(['connected', 'interrupted', 'resumed']), WAIT)
      },
      60_000,
    )

    it.each(CLIENTS)(
      'publishes to Kafka partitions added to a topic without subscribers (%s)',
      async (client) => {
        // fake timers trigger the periodic refresh of metadata
        vi.useFakeTimers({ toFake: ['setInterval'] })
        onTestFinished(() => void vi.useRealTimers())
        const scope = { partition: `added-${client}`, section: 's' }
        const topic = `sync.${scope.partition}`
        await using bus = kafkaBus(kafka.url, { client, partitions: 1 })
        await bus.publish(scope, [change(1)])
        await asAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 8 }] }))
        const key = Array.from({ length: 100 }, (_, n) => `k${n}`).find((key) => kafkaPartitionOf('s', key, 8) === 7)
        const endOffset = async (): Promise<string | undefined> => {
          let offsets: Awaited<ReturnType<Admin['fetchTopicOffsets']>> = []
          await asAdmin(async (admin) => {
            offsets = await admin.fetchTopicOffsets(topic)
          })
          return offsets.find(({ partition }) => partition === 7)?.high
        }
        await vi.waitFor(
          async () => {
            vi.advanceTimersByTime(30_000)
            await bus.publish(scope, [change(2, key)])
            expect(await endOffset()).not.toBe('0')
          },
          { ...WAIT, timeout: 5_000 },
        )
      },
      60_000,
    )
  },
)
