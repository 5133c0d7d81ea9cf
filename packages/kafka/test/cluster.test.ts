import { canTest, type KafkaCluster, startKafkaCluster } from '@sync/brokers'
import {
  createInstance,
  createMemoryHub,
  defineCollection,
  type MemoryHub,
  memoryStore,
  type SyncInstance,
} from '@sync/core'
import { decodeFrame } from '@sync/core/adapter'
import { type KafkaBusOptions, kafkaBus } from '@sync/kafka'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
const WAIT = { timeout: 60_000, interval: 20 }

describe.runIf(await canTest('the bus on three Kafka brokers', { broker: 'kafka', controllable: true }))(
  'kafkaBus() on three brokers',
  () => {
    let cluster: KafkaCluster
    beforeAll(async () => {
      cluster = await startKafkaCluster()
    }, 120_000)
    afterAll(() => cluster[Symbol.asyncDispose]())

    const open = (hub: MemoryHub, client: NonNullable<KafkaBusOptions['client']>): SyncInstance =>
      createInstance({
        store: memoryStore(hub),
        bus: kafkaBus(cluster.addresses, { client, timeout: '2s' }),
        // a heartbeat check would hide changes that the bus lost
        checkInterval: '10m',
      })

    it.each(['kafkajs', 'platformatic'] as const)(
      'delivers every change while one broker is killed and restarted (%s)',
      async (client) => {
        const hub = createMemoryHub()
        await using observer = kafkaBus(cluster.addresses, { client, timeout: '2s' })
        await using writer = open(hub, client)
        await using reader = open(hub, client)
        const partition = `cluster-${client}`
        const source = writer.collection(docs, { partition })
        const copy = reader.collection(docs, { partition })
        const carried = new Set<string>()
        await observer.subscribe({ partition, section: 'doc' }, (frame) => {
          for (const { key, version } of decodeFrame(frame).changes) carried.add(`${key} ${version}`)
        })
        for (const key of KEYS) await source.create(key, { n: 0 })
        for (const key of KEYS) await copy.get(key)

        const waitUntilCopied = (n: number): Promise<void> =>
          vi.waitFor(() => expect(KEYS.map((key) => copy.peek(key)?.n)).toEqual(KEYS.map(() => n)), WAIT)
        const writeAll = (n: number): Promise<unknown> => Promise.all(KEYS.map((key) => source.assign(key, { n })))
        for (let n = 1; n <= 20; n++) await writeAll(n)
        await waitUntilCopied(20)

        const leader = await cluster.leaderOf({ topic: `sync.${partition}`, partition: 0 })
        for (let n = 21; n <= 60; n++) {
          await writeAll(n)
          if (n === 30) await leader.kill()
        }
        await waitUntilCopied(60)
        await writeAll(61)
        await waitUntilCopied(61)
        await leader.restart()
        await cluster.waitUntilStable()
        await writeAll(62)
        await waitUntilCopied(62)
      },
      180_000,
    )
  },
)
