import { canTest, type NatsCluster, startNatsCluster } from '@sync/brokers'
import { createInstance, createMemoryHub, defineCollection, memoryStore, type SyncInstance } from '@sync/core'
import { assembleChange } from '@sync/core/adapter'
import { natsBus } from '@sync/nats'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

const SECTIONS = Array.from({ length: 40 }, (_, n) => `section-${n}`)
const WAIT = { interval: 5, timeout: 15_000 }

describe.runIf(await canTest('subscriptions in a cluster of NATS', { broker: 'nats', controllable: true }))(
  'subscribe() in a cluster',
  () => {
    let cluster: NatsCluster
    beforeAll(async () => {
      cluster = await startNatsCluster()
    }, 60_000)
    afterAll(() => cluster[Symbol.asyncDispose]())

    it('receives over JetStream everything published on another node after it resolved', async () => {
      const [readerUrl = '', writerUrl = ''] = cluster.urls
      await using reader = natsBus(readerUrl, { transport: 'jetstream' })
      await using writer = natsBus(writerUrl, { transport: 'jetstream' })
      const received = new Set<string>()
      for (const section of SECTIONS) {
        const scope = { partition: 'p', section }
        await reader.subscribe(scope, () => received.add(section))
        await writer.publish(scope, [change])
      }
      await vi.waitFor(() => expect(received.size).toBe(SECTIONS.length), WAIT)
    }, 60_000)

    it("declares live: 'eventually' over plain subjects, so that instances check the store and miss nothing", async () => {
      const [readerUrl = '', writerUrl = ''] = cluster.urls
      const hub = createMemoryHub()
      // a heartbeat check must not repair the loss that this test is about
      const open = (url: string): SyncInstance =>
        createInstance({ store: memoryStore(hub), bus: natsBus(url), checkInterval: '1h' })
      await using observer = natsBus(readerUrl)
      await observer.subscribe({ partition: 'p', section: 'observer' }, () => {})
      expect(observer.capabilities.live).toBe('eventually')
      await using reader = open(readerUrl)
      await using writer = open(writerUrl)
      const pairs = SECTIONS.map((section) => {
        const docs = defineCollection<{ n: number }>({ section, ttl: 'never', replicate: 'all' })
        const address = { partition: 'p' }
        return { source: writer.collection(docs, address), copy: reader.collection(docs, address) }
      })
      await Promise.all(pairs.map(({ source }) => source.ready()))
      await Promise.all(
        pairs.map(async ({ source, copy }) => {
          await copy.ready()
          await source.assign('k', { n: 1 })
        }),
      )
      await vi.waitFor(() => {
        const missing = pairs.filter(({ copy }) => copy.peek('k')?.n !== 1)
        expect(missing.length).toBe(0)
      }, WAIT)
    }, 60_000)
  },
)

const change = assembleChange({
  key: 'k',
  epoch: 'e',
  origin: 'o',
  generation: 1,
  version: 1,
  sequence: 1,
  time: 0,
  edits: 'omitted',
})
