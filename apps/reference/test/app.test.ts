import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { CompareAndSetResult, ConcurrentEdits } from '../src/edits.ts'
import type { JournalLine } from '../src/services/journal.ts'
import { openReference, type Reference } from './reference.ts'

type Told = { readonly told: readonly string[] }
type Journaled = { readonly lines: readonly JournalLine[] }

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
    expect((await app.post('/pace', { rate: 0 })).status).toBe(200)
    const still = await app.frame(
      ({ rate, instances }) => rate === 0 && new Set(instances.map(({ sequence }) => sequence)).size === 1,
    )
    expect(still.pace).toBe(0)
    expect(still.instances[0]?.documents).toBe(still.instances[1]?.documents)
    await app.post('/pace', { rate: 200 })
  })

  it('refuses what it cannot do, and says why', async () => {
    const answer = await app.post('/pace', { rate: 'fast' })
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { error: 'rate: a number from 0 to 100000 or "max" is needed' },
    ])
    expect((await app.post('/nothing', {})).status).toBe(404)
    expect((await fetch(`${app.url}/pace`, { method: 'POST', body: '{"rate":1}' })).status).toBe(415)
  })

  it('repairs what a replica lost, and says how long it took once it was undisturbed', async () => {
    const before = await app.frame(() => true)
    expect((await app.post('/disturb', { instance: 'replica 2', drop: 0.5 })).status).toBe(200)
    const broken = await app.frame(({ totals }) => totals.repairs > before.totals.repairs)
    expect(broken.disturbed).toEqual({
      'replica 1': '',
      'replica 2': '50 % of its messages lost',
      'replica 3': '',
    })
    await app.post('/disturb', { instance: 'all' })
    const whole = await app.frame(({ log }) => log.some(({ text }) => text.startsWith('recovered within')))
    expect(whole.log.find(({ text }) => text.startsWith('recovered'))?.instance).toBe('replica 2')
    await app.frame(({ instances }) => instances[2]?.score === 1)
  })

  it('goes on by the store where the bus is cut, and refuses a disturbance that it does not know', async () => {
    await app.post('/disturb', { instance: 'replica 3', cut: true })
    const cut = await app.frame(({ disturbed }) => disturbed['replica 3'] === 'cut off from the bus')
    const applied = cut.instances[3]?.sequence
    await app.frame(({ instances }) => instances[3]?.sequence !== applied)
    await app.post('/disturb', { instance: 'replica 3' })
    expect((await app.post('/disturb', { instance: 'nobody', cut: true })).status).toBe(400)
    expect((await app.post('/disturb', { instance: 'all', drop: 2 })).status).toBe(400)
    expect((await app.post('/disturb', { instance: 'all', shake: 1 })).status).toBe(400)
  })

  const both = (values: readonly [unknown, unknown]) => ({
    key: 'unit-001',
    hands: ['replica 1', 'replica 2'].map((instance, i) => ({ instance, actor: `ann ${i + 1}`, value: values[i] })),
  })

  it('merges what two replicas write at once, by the field, and shows it at a third', async () => {
    const answer = await app.post('/edit-at-once', { ...both([500, 470]), field: 'installedCapacity' })
    const { strategy, writes, held, told } = (await answer.json()) as ConcurrentEdits & Told
    expect(strategy).toBe('max')
    expect(writes.map(({ changed }) => changed)).toContain(true)
    expect(held.map(({ value }) => value)).toEqual([500, 500, 500])
    expect(told.at(-1)).toMatch(/^All 3 replicas hold 500 at document version \d+\.$/)
    await app.frame(({ units }) => units['replica 3']?.['unit-001']?.value.installedCapacity === 500)
  })

  it('explains a condition that did not hold', async () => {
    const answer = await app.post('/compare-and-set', { ...both([411, 412]), field: 'demand' })
    const { tried, read, held, told } = (await answer.json()) as CompareAndSetResult & Told
    expect(tried).toMatchObject({ ok: false, value: 412, fieldVersion: read.fieldVersion + 1 })
    expect(held).toMatchObject([{ value: 412 }, { value: 412 }, { value: 412 }])
    expect(told.join(' ')).toContain(`at version ${read.fieldVersion}. Conflict: the store has version`)
  })

  it('tells who changed what, of all documents or some', async () => {
    const hand = { instance: 'replica 3', actor: 'ben', value: ['gas', 'peak'] }
    await app.post('/edit', { key: 'unit-002', field: 'tags', hand })
    const lines = async (query: object) => ((await (await app.post('/journal', query)).json()) as Journaled).lines
    const edited = async () => (await lines({ section: 'units', key: 'unit-002' }))[0]
    await vi.waitUntil(async () => (await edited())?.what === 'changed')
    expect(await edited()).toMatchObject({
      actor: 'ben',
      instance: 'replica 3',
      field: 'tags',
      from: ['wind', 'coast'],
      to: ['gas', 'peak'],
      version: 2,
    })
    const [latest] = await lines({ section: 'outages' })
    expect(latest).toMatchObject({ section: 'outages', actor: 'ingest' })
  })

  it('refuses an edit that it does not understand, and says why', async () => {
    const hand = { instance: 'replica 1', actor: 'ann', value: 'much' }
    const refused = async (path: string, body: unknown) => {
      const answer = await app.post(path, body)
      return [answer.status, ((await answer.json()) as { error: string }).error]
    }
    expect(await refused('/edit', { key: 'unit-001', field: 'demand', hand })).toEqual([
      400,
      'demand: a number from 0 to 1000000 is needed',
    ])
    const tags = { key: 'unit-001', field: 'tags', hand: { ...hand, value: [1] } }
    expect(await refused('/edit', tags)).toEqual([400, 'tags: a list of at most 20 texts is needed'])
    expect((await refused('/edit', { key: 'unit-009', field: 'demand', hand }))[1]).toMatch(/^key: one of unit-001/)
    expect((await refused('/edit', { key: 'unit-001', field: 'constructor', hand }))[1]).toMatch(/^field: one of/)
    expect((await refused('/edit', { key: 'unit-001', field: 'unitName' }))[1]).toMatch(/^instance:/)
    const same = { key: 'unit-001', field: 'unitName', hands: [hand, hand] }
    expect((await refused('/edit-at-once', same))[1]).toBe('hands: two instances are needed')
    expect((await refused('/compare-and-set', { ...same, hands: [hand] }))[1]).toBe('hands: two are needed')
    expect((await refused('/journal', { section: 'none' }))[1]).toMatch(/^section:/)
  })
})
