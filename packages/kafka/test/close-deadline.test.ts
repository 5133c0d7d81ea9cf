import { canTest, startKafka } from '@sync/brokers'
import { createInstance, defineCollection, memoryStore } from '@sync/core'
import { kafkaBus } from '@sync/kafka'
import { describe, expect, it } from 'vitest'

const docs = defineCollection<{ n: number }>({ section: 's', ttl: 'never' })

describe.runIf(await canTest('closing on a frozen Kafka broker', { broker: 'kafka', controllable: true }))(
  'close({ deadline }) on a frozen Kafka broker',
  () => {
    it('settles at the deadline with writes pending, over kafkajs and platformatic', async () => {
      await using kafka = await startKafka()
      for (const client of ['kafkajs', 'platformatic'] as const) {
        const bus = kafkaBus(kafka.url, { client, timeout: '20s' })
        const instance = createInstance({ store: memoryStore(), bus })
        const collection = instance.collection(docs, { partition: client })
        await collection.set('k', { n: 1 })
        await kafka.pause()
        for (const n of [2, 3]) collection.set('k', { n }).catch(() => {})
        instance
          .collection(docs, { partition: `${client}-2` })
          .get('k')
          .catch(() => {})
        const startedAt = performance.now()
        await instance.close({ deadline: '2s' }).catch(() => {})
        expect(performance.now() - startedAt, client).toBeLessThan(3_000)
        await kafka.resume()
      }
    })
  },
)
