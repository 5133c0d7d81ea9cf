import { canTest, startKafka } from '@sync/brokers'
import type { Diagnosis } from '@sync/core/adapter'
import { adapter } from '@sync/kafka'
import { describe, expect, it } from 'vitest'
import { withAdmin } from './admin.ts'

describe.runIf(await canTest('the checks of Kafka topics', { broker: 'kafka', controllable: true }))(
  'diagnose()',
  () => {
    it('fails for topics that refuse every write or lose changes, over kafkajs and platformatic', async () => {
      await using kafka = await startKafka()
      const topics = ['min.insync.replicas=2', 'cleanup.policy=compact', 'retention.ms=-1'].map((setting) => {
        const [name = '', value = ''] = setting.split('=')
        return { topic: `sync.${name}`, numPartitions: 1, configEntries: [{ name, value }] }
      })
      await withAdmin(kafka, (admin) => admin.createTopics({ topics: [...topics, { topic: 'other' }] }))
      for (const client of ['kafkajs', 'platformatic']) {
        const url = `${kafka.url}?client=${client}`
        const checks: Diagnosis[] = []
        for await (const check of adapter.diagnose(new URL(url), url)) checks.push(check)
        const unfit = checks.filter(({ result, check }) => result !== 'ok' && check !== 'payload')
        expect(unfit, client).toEqual([
          {
            check: 'cleanup',
            result: 'fail',
            detail: 'sync.cleanup.policy: cleanup.policy compact',
            remedy: expect.stringContaining('set cleanup.policy to delete'),
          },
          {
            check: 'replication',
            result: 'fail',
            detail: 'sync.min.insync.replicas: 1 Kafka partition, replication factor 1, min.insync.replicas 2',
            remedy: expect.stringContaining('every write is refused'),
          },
        ])
        expect(checks.map(({ detail }) => detail).join()).not.toContain('other')
      }
    })
  },
)
