import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openReference, type Reference } from './reference.ts'

let app: Reference
beforeAll(async () => {
  app = await openReference()
}, 60_000)
afterAll(() => app[Symbol.asyncDispose]())

describe('the app', { timeout: 60_000 }, () => {
  it('serves the page and everything that it imports', async () => {
    const page = await (await fetch(app.url)).text()
    const asked = [...page.matchAll(/"(\/[\w./]+)"/g)].map(([, path]) => path as string)
    const main = await (await fetch(`${app.url}/main.js`)).text()
    asked.push(...[...main.matchAll(/from '\.(\/[\w.]+)'/g)].map(([, path]) => path as string))
    expect(asked.length).toBeGreaterThan(8)
    for (const path of asked) expect((await fetch(app.url + path)).status, path).toBe(200)
  })

  it('serves nothing else', async () => {
    for (const path of ['/../package.json', '/%2e%2e/package.json', '/lib/../../package.json', '/server.ts']) {
      expect((await fetch(app.url + path)).status, path).toBe(404)
    }
  })

  it('streams figures that move, to replicas that the auditor finds as the store has them', async () => {
    const first = await app.frame(({ rows }) => rows.length > 0)
    const later = await app.frame(
      ({ totals, instances }) =>
        totals.commits > first.totals.commits + 50 && instances.filter(({ score }) => score === 1).length === 3,
    )
    expect(later.instances.map(({ name }) => name)).toEqual(['ingest', 'replica 1', 'replica 2', 'replica 3'])
    expect(later.totals.documentUnits).toBeGreaterThan(later.totals.patchUnits / 2)
    expect(later.rate).toBeGreaterThan(0)
  })

  it('stands still when it is told to, with all replicas at one sequence', async () => {
    expect((await app.ask('/pace', { rate: 0 })).status).toBe(200)
    const still = await app.frame(
      ({ rate, instances }) => rate === 0 && new Set(instances.map(({ sequence }) => sequence)).size === 1,
    )
    expect(still.pace).toBe(0)
    expect(still.instances[0]?.documents).toBe(still.instances[1]?.documents)
    await app.ask('/pace', { rate: 200 })
  })

  it('refuses what it cannot do, and says why', async () => {
    const answer = await app.ask('/pace', { rate: 'fast' })
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { error: 'rate: a number from 0 to 100000 or "max" is needed' },
    ])
    expect((await app.ask('/nothing', {})).status).toBe(404)
    expect((await fetch(`${app.url}/pace`, { method: 'POST', body: '{"rate":1}' })).status).toBe(415)
  })

  it('repairs what a replica lost, and says how long it took once it was undisturbed', async () => {
    const before = await app.frame(() => true)
    expect((await app.ask('/disturb', { instance: 'replica 2', drop: 0.5 })).status).toBe(200)
    const broken = await app.frame(({ totals }) => totals.repairs > before.totals.repairs)
    expect(broken.disturbed).toEqual({
      'replica 1': '',
      'replica 2': '50 % of its messages lost',
      'replica 3': '',
    })
    await app.ask('/disturb', { instance: 'all' })
    const whole = await app.frame(({ log }) => log.some(({ text }) => text.startsWith('recovered within')))
    expect(whole.log.find(({ text }) => text.startsWith('recovered'))?.instance).toBe('replica 2')
    await app.frame(({ instances }) => instances[2]?.score === 1)
  })

  it('goes on by the store where the bus is cut, and refuses a disturbance that it does not know', async () => {
    await app.ask('/disturb', { instance: 'replica 3', cut: true })
    const cut = await app.frame(({ disturbed }) => disturbed['replica 3'] === 'cut off from the bus')
    const applied = cut.instances[3]?.sequence
    await app.frame(({ instances }) => instances[3]?.sequence !== applied)
    await app.ask('/disturb', { instance: 'replica 3' })
    expect((await app.ask('/disturb', { instance: 'nobody', cut: true })).status).toBe(400)
    expect((await app.ask('/disturb', { instance: 'all', drop: 2 })).status).toBe(400)
    expect((await app.ask('/disturb', { instance: 'all', shake: 1 })).status).toBe(400)
  })
})
