import { canTest, startNats } from '@sync/brokers'
import { createInstance, defineCollection, memoryStore } from '@sync/core'
import { natsBus } from '@sync/nats'
import { describe, expect, it } from 'vitest'

const docs = defineCollection<{ n: number }>({ section: 's', ttl: 'never' })

describe.runIf(await canTest('closing on a frozen NATS server', { broker: 'nats', controllable: true }))(
  'close({ deadline }) on a frozen NATS server',
  () => {
    it.each(['core', 'jetstream'] as const)('settles at the deadline with writes pending (%s)', async (transport) => {
      await using nats = await startNats()
      const bus = natsBus(nats.url, { transport, timeout: '20s' })
      const instance = createInstance({ store: memoryStore(), bus })
      const collection = instance.collection(docs, { partition: 'p' })
      await collection.set('k', { n: 1 })
      await nats.pause()
      for (const n of [2, 3]) collection.set('k', { n }).catch(() => {})
      instance
        .collection(docs, { partition: 'q' })
        .get('k')
        .catch(() => {})
      const startedAt = performance.now()
      await instance.close({ deadline: '2s' }).catch(() => {})
      expect(performance.now() - startedAt).toBeLessThan(3_000)
      await nats.resume()
    })
  },
)
