import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DashboardFrame } from '../src/dashboard-frame.ts'
import { openReference, type Reference } from './reference.ts'

let app: Reference
beforeAll(async () => {
  app = await openReference()
}, 60_000)
afterAll(() => app[Symbol.asyncDispose]())

/** Waits until all instances have recovered since the last line that contains `since`. Returns the log from that line on. */
async function waitForRecovery(since: string, instances: readonly string[]): Promise<DashboardFrame['log']> {
  const after = ({ log }: DashboardFrame): DashboardFrame['log'] =>
    log.slice(log.findLastIndex(({ text }) => text.includes(since)))
  const frame = await app.frame((frame) =>
    instances.every((name) =>
      after(frame).some(({ instance, text }) => instance === name && text.startsWith('recovered in')),
    ),
  )
  return after(frame)
}

const replicas = ['replica 1', 'replica 2', 'replica 3']

describe('the app, under faults', { timeout: 90_000 }, () => {
  it('detects lost commits of the store, and recovers', async () => {
    await app.frame(({ totals }) => totals.commits > 100)
    expect(await (await app.post('/lose-tail', {})).json()).toEqual({ lost: '50 commits' })
    const log = await waitForRecovery('crashing', ['ingest', ...replicas])
    for (const name of replicas) {
      const found = log.find(({ instance, text }) => instance === name && text.includes('commits were lost'))
      expect(found, name).toBeDefined()
    }
    await app.frame(({ instances }) => instances.slice(1).every(({ score, state }) => score === 1 && state === 'live'))
  })

  it('survives a restart of its server, and logs the outage', async () => {
    const { targets } = await app.frame(() => true)
    expect(targets.servers).toEqual([targets.store])
    expect((await app.post('/kill', { server: targets.store })).status).toBe(200)
    const { log } = await app.frame(({ log }) => log.some(({ text }) => text === 'restarted'))
    for (const text of ['killed', 'bus interrupted']) {
      expect(
        log.some((line) => line.text === text),
        text,
      ).toBe(true)
    }
    expect(log.some(({ text }) => text.startsWith('the store is unavailable'))).toBe(true)
    await waitForRecovery('restarted', ['ingest', ...replicas])
    const { totals } = await app.frame(({ rate }) => rate > 0)
    await app.frame((frame) => frame.totals.commits > totals.commits + 50)
  })

  it('survives a flood, and logs the recovery time of the replicas', async () => {
    // even a slow machine writes more than this in 3 s
    await app.post('/rate', { rate: 10 })
    const flooding = app.post('/flood', {})
    await app.frame(({ busy }) => busy === 'flooding')
    const rejected = await app.post('/lose-tail', {})
    expect([rejected.status, await rejected.json()]).toEqual([
      409,
      { error: 'flooding is in progress; retry when it has finished' },
    ])
    const { commits } = (await (await flooding).json()) as { commits: number }
    expect(commits).toBeGreaterThan(60)
    await waitForRecovery('flood ended', replicas)
    expect((await app.frame(({ busy }) => busy === undefined)).targetRate).toBe(10)
  })

  it('refuses to kill a server that it does not use', async () => {
    const answer = await app.post('/kill', { server: 'memory 2' })
    expect(answer.status).toBe(400)
    expect((await app.post('/kill', {})).status).toBe(400)
  })
})
