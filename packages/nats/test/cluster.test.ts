import { canTest, type NatsCluster, startNatsCluster } from '@sync/brokers'
import { createInstance, createMemoryHub, defineCollection, memoryStore } from '@sync/core'
import { assembleChange } from '@sync/core/adapter'
import { natsBus } from '@sync/nats'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

const SECTIONS = Array.from({ length: 40 }, (_, n) => `section-${n}`)
const WAIT = { interval: 5, timeout: 15_000 }

describe.runIf(await canTest('subscriptions in a cluster of NATS', { broker: 'nats', controllable: true }))(
  'what is published elsewhere in a cluster after a subscription has resolved',
  () => {
    let cluster: NatsCluster
    beforeAll(async () => {
      cluster = await startNatsCluster()
    }, 60_000)
    afterAll(() => cluster[Symbol.asyncDispose]())

    test('is heard over JetStream', async () => {
      const [here = '', there = ''] = cluster.urls
      await using reader = natsBus(here, { transport: 'jetstream' })
      await using writer = natsBus(there, { transport: 'jetstream' })
      const received = new Set<string>()
      for (const section of SECTIONS) {
        const scope = { partition: 'p', section }
        await reader.subscribe(scope, () => received.add(section))
        await writer.publish(scope, [birth])
      }
      await vi.waitFor(() => expect(received.size).toBe(SECTIONS.length), WAIT)
    }, 60_000)

    test('is shown over plain subjects, which declare that it may slip by, and have the store asked once more', async () => {
      const [here = '', there = ''] = cluster.urls
      const hub = createMemoryHub()
      // the regular check comes too late to help
      const [reader, writer] = [here, there].map((url) =>
        createInstance({ store: memoryStore(hub), bus: natsBus(url), checkInterval: '1h' }),
      )
      await using beside = natsBus(here)
      await beside.subscribe({ partition: 'p', section: 'beside' }, () => {})
      expect(beside.capabilities.live).toBe('eventually')
      if (!reader || !writer) throw new Error('two instances are needed')
      await using _ = reader
      await using __ = writer
      const moves = SECTIONS.map((section) => {
        const docs = defineCollection<{ n: number }>({ section, ttl: 'never', replicate: 'all' })
        const [shown, written] = [reader, writer].map((sync) => sync.collection(docs, { partition: 'p' }))
        return { shown, written }
      })
      await Promise.all(moves.map(({ written }) => written?.ready()))
      const all = moves.map(async ({ shown, written }) => {
        await shown?.ready()
        await written?.assign('k', { n: 1 })
      })
      await Promise.all(all)
      await vi.waitFor(() => {
        const missing = moves.filter(({ shown }) => shown?.peek('k')?.n !== 1)
        expect(missing.length).toBe(0)
      }, WAIT)
    }, 60_000)
  },
)

const birth = assembleChange({
  key: 'k',
  epoch: 'e',
  origin: 'o',
  generation: 1,
  version: 1,
  sequence: 1,
  time: 0,
  edits: 'omitted',
})
