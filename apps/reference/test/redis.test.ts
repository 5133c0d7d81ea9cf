import { canTest, startRedis } from '@sync/brokers'
import { describe, expect, it } from 'vitest'
import { openReference } from './reference.ts'

describe.runIf(await canTest('the app over Redis', { broker: 'redis' }))(
  'the app over Redis',
  { timeout: 120_000 },
  () => {
    it('is a process per service, of which each replica is found as the store has it', async () => {
      await using redis = await startRedis()
      await using app = await openReference({ store: redis.url, bus: redis.url })
      const pids = new Set(app.system.replicas.map(({ pid }) => pid))
      expect([pids.size, pids.has(process.pid)]).toEqual([3, false])
      await app.frame(
        ({ totals, instances }) =>
          totals.commits > 100 && instances.filter(({ score, applied }) => score === 1 && applied > 50).length === 3,
      )
      const before = await app.frame(() => true)
      await app.ask('/disturb', { instance: 'all', drop: 0.5 })
      await app.frame(({ totals }) => totals.repairs > before.totals.repairs)
      await app.ask('/disturb', { instance: 'all' })
      await app.frame(({ log }) => log.filter(({ text }) => text.startsWith('recovered within')).length === 3)
    })
  },
)
