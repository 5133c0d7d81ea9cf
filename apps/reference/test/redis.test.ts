import { canTest } from '@sync/brokers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DashboardFrame } from '../src/dashboard-frame.ts'
import type { MigrationResult } from '../src/migrations.ts'
import { openReference, type Reference } from './reference.ts'

const redis = await canTest('the app over Redis', { broker: 'redis', controllable: true })

describe.runIf(redis && (await canTest('the app over NATS', { broker: 'nats' })))(
  'the app over Redis',
  { timeout: 120_000 },
  () => {
    let app: Reference
    beforeAll(async () => {
      app = await openReference({ brokers: ['redis', 'nats'] })
    }, 120_000)
    afterAll(() => app[Symbol.asyncDispose]())

    /** Asks for something, and waits until all replicas have recovered from it. Answers with what was told from then on. */
    async function recoveredFrom(path: string, body: unknown): Promise<DashboardFrame['log']> {
      const known = new Map((await app.frame(() => true)).log.map(({ id, times }) => [id, times]))
      expect((await app.post(path, body)).status).toBe(200)
      const since = ({ log }: DashboardFrame): DashboardFrame['log'] =>
        log.filter(({ id, times }) => known.get(id) !== times)
      const frame = await app.frame((frame) =>
        frame.instances
          .slice(1)
          .every(
            ({ name, score }) =>
              score === 1 &&
              since(frame).some(({ instance, text }) => instance === name && text.startsWith('recovered within')),
          ),
      )
      return since(frame)
    }

    it('is a process per service', async () => {
      const { menu } = await app.frame(({ totals }) => totals.commits > 100)
      expect(menu).toMatchObject({ hosting: 'processes', store: 'Redis', bus: 'Redis Pub/Sub', servers: ['Redis'] })
      expect(menu.buses).toEqual(['Redis Pub/Sub', 'Redis Streams', 'NATS', 'NATS JetStream'])
      const pids = new Set(app.system.replicas.map(({ pid }) => pid))
      expect([pids.size, pids.has(process.pid)]).toEqual([3, false])
    })

    it('repairs what was lost on the way to its replicas', async () => {
      const before = await app.frame(() => true)
      await app.post('/disturb', { instance: 'all', drop: 0.5 })
      await app.frame(({ totals }) => totals.repairs > before.totals.repairs)
      await recoveredFrom('/disturb', { instance: 'all' })
    })

    it('outlives Redis', async () => {
      const told = await recoveredFrom('/kill', { server: 'Redis' })
      expect(told.some(({ text }) => text === 'the bus: interrupted')).toBe(true)
    })

    it('finds the tail that Redis lost', async () => {
      const told = await recoveredFrom('/lose-tail', {})
      expect(told.some(({ text }) => text.includes('history was lost'))).toBe(true)
    })

    it('moves from bus to bus with the same documents', async () => {
      const { totals } = await app.frame(() => true)
      for (const to of ['NATS', 'Redis Streams', 'NATS JetStream', 'Redis Pub/Sub']) {
        const answer = await app.post('/move-bus', { to })
        const moved = (await answer.json()) as MigrationResult
        expect(moved, to).toMatchObject({ to, after: moved.before, before: { differing: [] } })
        const then = await app.frame(({ busy }) => busy === undefined)
        await app.frame(({ totals }) => totals.commits > then.totals.commits + 50)
      }
      // each of the processes went on
      expect((await app.frame(() => true)).totals.commits).toBeGreaterThan(totals.commits)
    })

    it('moves to a store in memory and back, from processes into one and out again', async () => {
      for (const [to, hosting] of [
        ['memory one', 'one process'],
        ['Redis', 'processes'],
      ]) {
        const moved = (await (await app.post('/move-store', { to })).json()) as MigrationResult
        expect(moved, to).toMatchObject({ to, after: moved.before, before: { differing: [] } })
        await app.frame(({ menu, busy, rate }) => menu.hosting === hosting && busy === undefined && rate > 0)
      }
    })

    it('goes on without a replica whose process was killed, and raises an alert', async () => {
      await app.frame(({ instances }) => instances.slice(1).every(({ score }) => score === 1))
      process.kill(app.system.replicas[2]?.pid ?? 0, 'SIGKILL')
      const { instances, log } = await app.frame(({ alerts, instances }) => {
        const [, one, two, three] = instances
        const audited = one?.score === 1 && two?.score === 1 && three?.score === undefined
        return audited && alerts.some(({ text }) => text.startsWith('replica 3 is'))
      })
      expect(instances[3]?.state).toBe('closed')
      expect(log.some(({ text }) => text === 'its process ended (SIGKILL)')).toBe(true)
    })
  },
)
