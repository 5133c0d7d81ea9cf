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

    /** Sends a request, and waits until all replicas have recovered. Returns the log lines since then. */
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
              since(frame).some(({ instance, text }) => instance === name && text.startsWith('recovered in')),
          ),
      )
      return since(frame)
    }

    it('runs one process per service', async () => {
      const { targets } = await app.frame(({ totals }) => totals.commits > 100)
      expect(targets).toMatchObject({ hosting: 'processes', store: 'Redis', bus: 'Redis Pub/Sub', servers: ['Redis'] })
      expect(targets.buses).toEqual(['Redis Pub/Sub', 'Redis Streams', 'NATS', 'NATS JetStream'])
      const pids = new Set(app.system.replicas.map(({ pid }) => pid))
      expect([pids.size, pids.has(process.pid)]).toEqual([3, false])
    })

    it('repairs messages that its replicas lost', async () => {
      const before = await app.frame(() => true)
      await app.post('/network-fault', { instance: 'all', drop: 0.5 })
      await app.frame(({ totals }) => totals.repairs > before.totals.repairs)
      await recoveredFrom('/network-fault', { instance: 'all' })
    })

    it('survives a restart of Redis', async () => {
      const log = await recoveredFrom('/kill', { server: 'Redis' })
      expect(log.some(({ text }) => text === 'bus interrupted')).toBe(true)
    })

    it('detects commits that Redis lost', async () => {
      const log = await recoveredFrom('/lose-tail', {})
      expect(log.some(({ text }) => text.includes('commits were lost'))).toBe(true)
    })

    it('keeps the documents when it moves from bus to bus', async () => {
      const { totals } = await app.frame(() => true)
      for (const to of ['NATS', 'Redis Streams', 'NATS JetStream', 'Redis Pub/Sub']) {
        const response = await app.post('/move-bus', { to })
        const moved = (await response.json()) as MigrationResult
        expect(moved, to).toMatchObject({ to, after: moved.before, before: { differing: [] } })
        const after = await app.frame(({ busy }) => busy === undefined)
        await app.frame(({ totals }) => totals.commits > after.totals.commits + 50)
      }
      // no process was restarted: the counters continue
      expect((await app.frame(() => true)).totals.commits).toBeGreaterThan(totals.commits)
    })

    it("keeps the documents when it moves to a store in one process's memory and back", async () => {
      for (const [to, hosting] of [
        ['memory 1', 'one process'],
        ['Redis', 'processes'],
      ]) {
        const moved = (await (await app.post('/move-store', { to })).json()) as MigrationResult
        expect(moved, to).toMatchObject({ to, after: moved.before, before: { differing: [] } })
        await app.frame(({ targets, busy, rate }) => targets.hosting === hosting && busy === undefined && rate > 0)
      }
    })

    it('continues without a replica whose process was killed, and raises an alert', async () => {
      await app.frame(({ instances }) => instances.slice(1).every(({ score }) => score === 1))
      process.kill(app.system.replicas[2]?.pid ?? 0, 'SIGKILL')
      const { instances, log } = await app.frame(({ alerts, instances }) => {
        const [, one, two, three] = instances
        const audited = one?.score === 1 && two?.score === 1 && three?.score === undefined
        return audited && alerts.some(({ text }) => text.startsWith('replica 3 is'))
      })
      expect(instances[3]?.state).toBe('closed')
      expect(log.some(({ text }) => text === 'process ended unexpectedly (SIGKILL)')).toBe(true)
    })
  },
)
