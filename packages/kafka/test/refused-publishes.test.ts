import { canTest, type KafkaServer, startKafka } from '@sync/brokers'
import { createInstance, createMemoryHub, defineCollection, memoryStore } from '@sync/core'
import { kafkaBus } from '@sync/kafka'
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  type Admin,
  ConfigResourceTypes,
  ResourcePatternTypes,
} from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { withAdmin } from './admin.ts'

const docs = defineCollection<{ text: string }>({ section: 's', ttl: 'never' })
const WAIT = { timeout: 20_000, interval: 20 }

const config = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'allow.everyone.if.no.acl.found': 'true',
}

/** Refusals, each with the code of its error. */
const CASES = [
  [
    'writes are denied',
    'SYNC_KAFKA',
    (admin: Admin, topic: string) =>
      admin.createAcls({
        acl: [
          {
            resourceType: AclResourceTypes.TOPIC,
            resourceName: topic,
            resourcePatternType: ResourcePatternTypes.LITERAL,
            principal: 'User:ANONYMOUS',
            host: '*',
            operation: AclOperationTypes.WRITE,
            permissionType: AclPermissionTypes.DENY,
          },
        ],
      }),
  ],
  [
    'records are too large',
    'SYNC_LIMIT',
    (admin: Admin, name: string) =>
      admin.alterConfigs({
        validateOnly: false,
        resources: [
          { type: ConfigResourceTypes.TOPIC, name, configEntries: [{ name: 'max.message.bytes', value: '1000' }] },
        ],
      }),
  ],
] as const

describe.runIf(await canTest('publications that Kafka refuses', { broker: 'kafka', controllable: true }))(
  'kafkaBus() whose publications are refused',
  () => {
    let kafka: KafkaServer
    beforeAll(async () => {
      kafka = await startKafka({ config })
    })
    afterAll(() => kafka[Symbol.asyncDispose]())

    const all = CASES.flatMap(([situation, code, refuse]) =>
      (['kafkajs', 'platformatic'] as const).map((client) => ({ situation, code, refuse, client })),
    )

    it.each(all)(
      'reports $code after one attempt, and others read the change from the store, when $situation ($client)',
      async ({ code, refuse, client }) => {
        const partition = `${code}-${client}`.toLowerCase()
        const topic = `refused.${client}.${code === 'SYNC_LIMIT' ? 'size' : 'rights'}`
        const hub = createMemoryHub()
        const open = () => {
          const bus = kafkaBus(kafka.url, { client, topic })
          const instance = createInstance({ store: memoryStore(hub), bus, checkInterval: '200ms' })
          return { bus, instance, collection: instance.collection(docs, { partition }) }
        }
        const [writer, reader] = [open(), open()]
        await using _ = writer.instance
        await using __ = reader.instance
        const failures: unknown[] = []
        writer.instance.onEvent((event) => {
          if (event.type === 'publish-failed') failures.push(event.error)
        })
        await writer.collection.set('k', { text: 'before' })
        expect(await reader.collection.get('k')).toEqual({ text: 'before' })
        await withAdmin(kafka, (admin) => refuse(admin, topic))
        const publish = vi.spyOn(writer.bus, 'publish')
        const text = 'x'.repeat(2_000)
        // the broker applies the change of its settings a moment later
        await vi.waitFor(async () => {
          await writer.collection.set('k', { text: `${text}${failures.length}` })
          await writer.instance.flush()
          expect(failures.length).toBeGreaterThan(0)
        }, WAIT)
        publish.mockClear()
        failures.length = 0
        await writer.collection.set('k', { text })
        await vi.waitFor(() => expect(failures).toEqual([expect.objectContaining({ code, retryable: false })]), WAIT)
        expect(publish).toHaveBeenCalledTimes(1)
        await vi.waitFor(async () => expect(await reader.collection.get('k')).toEqual({ text }), WAIT)
      },
    )
  },
)
