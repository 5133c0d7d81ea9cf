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
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
const PATIENCE = { timeout: 60_000, interval: 20 }

describe.runIf(await canTest('the bus on three Kafka brokers', { broker: 'kafka', controllable: true }))(
  'three brokers',
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
        // what the bus does not carry is to be seen missing
        checkInterval: '10m',
      })

    test.each(['kafkajs', 'platformatic'] as const)(
      'changes go on flowing by %s when one of them is killed',
      async (client) => {
        const hub = createMemoryHub()
        await using beside = kafkaBus(cluster.addresses, { client, timeout: '2s' })
        await using writer = open(hub, client)
        await using reader = open(hub, client)
        const partition = `cluster-${client}`
        const [from, to] = [writer, reader].map((each) => each.collection(docs, { partition }))
        if (!from || !to) throw new Error('two collections are needed')
        const carried = new Set<string>()
        await beside.subscribe({ partition, section: 'doc' }, (frame) => {
          for (const { key, version } of decodeFrame(frame).changes) carried.add(`${key} ${version}`)
        })
        for (const key of KEYS) await from.create(key, { n: 0 })
        for (const key of KEYS) await to.get(key)

        const seen = (n: number): Promise<void> =>
          vi.waitFor(() => expect(KEYS.map((key) => to.peek(key)?.n)).toEqual(KEYS.map(() => n)), PATIENCE)
        const round = (n: number): Promise<unknown> => Promise.all(KEYS.map((key) => from.assign(key, { n })))
        for (let n = 1; n <= 20; n++) await round(n)
        await seen(20)

        const leader = await cluster.leaderOf({ topic: `sync.${partition}`, partition: 0 })
        const flowing = (async () => {
          for (let n = 21; n <= 60; n++) {
            await round(n)
            if (n === 30) await leader.kill()
          }
        })()
        await flowing
        await seen(60)
        await round(61)
        await seen(61)
        await leader.restart()
        await cluster.waitUntilStable()
        await round(62)
        await seen(62)
      },
      180_000,
    )
  },
)
