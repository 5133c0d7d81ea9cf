import { canTest } from '@sync/brokers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Moved } from '../src/moves.ts'
import { openReference, type Reference } from './reference.ts'

const redis = await canTest('the app over Redis', { broker: 'redis', hooks: true })

describe.runIf(redis && (await canTest('the app over NATS', { broker: 'nats' })))(
  'the app over Redis',
  { timeout: 120_000 },
  () => {
    let app: Reference
    beforeAll(async () => {
      app = await openReference({ brokers: ['redis', 'nats'] })
    }, 120_000)
    afterAll(() => app[Symbol.asyncDispose]())

    /** Until all replicas are found as the store has them, after `text` was told. */
    const recovered = (text: string) =>
      app.frame(({ log, instances }) => {
        const since = log.slice(log.findLastIndex((line) => line.text.includes(text)))
        const times = since.filter((line) => line.text.startsWith('recovered within'))
        return times.length >= 3 && instances.slice(1).every(({ score, state }) => score === 1 && state === 'live')
      })

    it('is a process per service', async () => {
      const { menu } = await app.frame(({ totals }) => totals.commits > 100)
      expect(menu).toMatchObject({ hosting: 'processes', store: 'Redis', bus: 'Redis Pub/Sub', servers: ['Redis'] })
      expect(menu.buses).toEqual(['Redis Pub/Sub', 'Redis Streams', 'NATS', 'NATS JetStream'])
      const pids = new Set(app.system.replicas.map(({ pid }) => pid))
      expect([pids.size, pids.has(process.pid)]).toEqual([3, false])
    })

    it('repairs what was lost on the way to its replicas', async () => {
      const before = await app.frame(() => true)
      await app.ask('/disturb', { instance: 'all', drop: 0.5 })
      await app.frame(({ totals }) => totals.repairs > before.totals.repairs)
      await app.ask('/disturb', { instance: 'all' })
      await recovered('undisturbed again')
    })

    it('outlives Redis', async () => {
      expect((await app.ask('/kill', { server: 'Redis' })).status).toBe(200)
      await recovered('started again')
    })

    it('finds the tail that Redis lost', async () => {
      expect((await app.ask('/lose-tail', {})).status).toBe(200)
      const { log } = await recovered('without its last')
      expect(log.some(({ text }) => text.includes('history was lost'))).toBe(true)
    })

    it('moves from bus to bus with the same documents', async () => {
      const { totals } = await app.frame(() => true)
      for (const to of ['NATS', 'Redis Streams', 'NATS JetStream', 'Redis Pub/Sub']) {
        const answer = await app.ask('/move-bus', { to })
        const moved = (await answer.json()) as Moved
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
        const moved = (await (await app.ask('/move-store', { to })).json()) as Moved
        expect(moved, to).toMatchObject({ to, after: moved.before, before: { differing: [] } })
        await app.frame(({ menu, busy, rate }) => menu.hosting === hosting && busy === undefined && rate > 0)
      }
    })
  },
)
