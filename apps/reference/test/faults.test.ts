import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DashboardFrame } from '../src/dashboard-frame.ts'
import { openReference, type Reference } from './reference.ts'

let app: Reference
beforeAll(async () => {
  app = await openReference()
}, 60_000)
afterAll(() => app[Symbol.asyncDispose]())

/** Waits until all have recovered from what is told last, and answers with the lines from there on. */
async function recovered(since: string, instances: readonly string[]): Promise<DashboardFrame['log']> {
  const after = ({ log }: DashboardFrame): DashboardFrame['log'] =>
    log.slice(log.findLastIndex(({ text }) => text.includes(since)))
  const frame = await app.frame((frame) =>
    instances.every((name) =>
      after(frame).some(({ instance, text }) => instance === name && text.startsWith('recovered within')),
    ),
  )
  return after(frame)
}

const replicas = ['replica 1', 'replica 2', 'replica 3']

describe('the app', { timeout: 90_000 }, () => {
  it('finds the tail that the store lost, and recovers', async () => {
    await app.frame(({ totals }) => totals.commits > 100)
    expect(await (await app.post('/lose-tail', {})).json()).toEqual({ lost: '50 commits' })
    const log = await recovered('crashes', ['ingest', ...replicas])
    for (const name of replicas) {
      const found = log.find(({ instance, text }) => instance === name && text.includes('history was lost'))
      expect(found, name).toBeDefined()
    }
    await app.frame(({ instances }) => instances.slice(1).every(({ score, state }) => score === 1 && state === 'live'))
  })

  it('outlives its server, and tells who noticed', async () => {
    const { menu } = await app.frame(() => true)
    expect(menu.servers).toEqual([menu.store])
    expect((await app.post('/kill', { server: menu.store })).status).toBe(200)
    const { log } = await app.frame(({ log }) => log.some(({ text }) => text === 'started again'))
    for (const text of ['killed', 'the bus: interrupted']) {
      expect(
        log.some((line) => line.text === text),
        text,
      ).toBe(true)
    }
    expect(log.some(({ text }) => text.startsWith('the store is away'))).toBe(true)
    await recovered('started again', ['ingest', ...replicas])
    const { totals } = await app.frame(({ rate }) => rate > 0)
    await app.frame((frame) => frame.totals.commits > totals.commits + 50)
  })

  it('takes a flood, and says how long the replicas took after it', async () => {
    // however slow the machine, more than this goes
    await app.post('/pace', { rate: 10 })
    const flooding = app.post('/flood', {})
    await app.frame(({ busy }) => busy === 'flooding')
    const refused = await app.post('/lose-tail', {})
    expect([refused.status, await refused.json()]).toEqual([409, { error: 'not while flooding goes on' }])
    const { commits } = (await (await flooding).json()) as { commits: number }
    expect(commits).toBeGreaterThan(60)
    await recovered('the flood is over', replicas)
    expect((await app.frame(({ busy }) => busy === undefined)).pace).toBe(10)
  })

  it('harms nothing that it does not run on', async () => {
    const answer = await app.post('/kill', { server: 'memory two' })
    expect(answer.status).toBe(400)
    expect((await app.post('/kill', {})).status).toBe(400)
  })
})
