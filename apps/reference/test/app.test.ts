import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { CompareAndSetResult, ConcurrentEdits } from '../src/edits.ts'
import type { JournalLine } from '../src/services/journal.ts'
import { openReference, type Reference } from './reference.ts'

type Summarized = { readonly summary: readonly string[] }
type Journaled = { readonly lines: readonly JournalLine[] }

let app: Reference
beforeAll(async () => {
  app = await openReference()
}, 60_000)
afterAll(() => app[Symbol.asyncDispose]())

describe('createPageServer()', { timeout: 60_000 }, () => {
  it('serves the page and all of its imports', async () => {
    const page = await (await fetch(app.url)).text()
    const paths = [...page.matchAll(/"(\/[\w./]+)"/g)].map(([, path]) => path as string)
    const main = await (await fetch(`${app.url}/main.js`)).text()
    paths.push(...[...main.matchAll(/from '\.(\/[\w.]+)'/g)].map(([, path]) => path as string))
    expect(paths.length).toBeGreaterThan(8)
    for (const path of paths) expect((await fetch(app.url + path)).status, path).toBe(200)
  })

  it('responds with 404 to all other paths', async () => {
    for (const path of ['/../package.json', '/%2e%2e/package.json', '/lib/../../package.json', '/server.ts']) {
      expect((await fetch(app.url + path)).status, path).toBe(404)
    }
  })

  it('streams changing figures, with all replicas equal to the store', async () => {
    const first = await app.frame(({ rows }) => rows.length > 0)
    const later = await app.frame(
      ({ totals, instances }) =>
        totals.commits > first.totals.commits + 50 && instances.filter(({ score }) => score === 1).length === 3,
    )
    expect(later.instances.map(({ name }) => name)).toEqual(['ingest', 'replica 1', 'replica 2', 'replica 3'])
    expect(later.totals.documentUnits).toBeGreaterThan(later.totals.patchUnits / 2)
    expect(later.rate).toBeGreaterThan(0)
  })

  it('brings all replicas to one sequence when the rate is set to 0', async () => {
    expect((await app.post('/rate', { rate: 0 })).status).toBe(200)
    const paused = await app.frame(
      ({ rate, instances }) => rate === 0 && new Set(instances.map(({ sequence }) => sequence)).size === 1,
    )
    expect(paused.targetRate).toBe(0)
    expect(paused.instances[0]?.documents).toBe(paused.instances[1]?.documents)
    await app.post('/rate', { rate: 200 })
  })

  it('rejects invalid requests with the reason', async () => {
    const answer = await app.post('/rate', { rate: 'fast' })
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { error: "rate: expected a number from 0 to 100000 or 'max'" },
    ])
    expect((await app.post('/nothing', {})).status).toBe(404)
    expect((await fetch(`${app.url}/rate`, { method: 'POST', body: '{"rate":1}' })).status).toBe(415)
  })

  it("repairs a replica's lost changes, and logs the recovery time when the fault has stopped", async () => {
    const before = await app.frame(() => true)
    expect((await app.post('/network-fault', { instance: 'replica 2', drop: 0.5 })).status).toBe(200)
    const broken = await app.frame(({ totals }) => totals.repairs > before.totals.repairs)
    expect(broken.networkFaults).toEqual({
      'replica 1': '',
      'replica 2': '50 % of messages lost',
      'replica 3': '',
    })
    await app.post('/network-fault', { instance: 'all' })
    const recovered = await app.frame(({ log }) => log.some(({ text }) => text.startsWith('recovered in')))
    expect(recovered.log.find(({ text }) => text.startsWith('recovered'))?.instance).toBe('replica 2')
    await app.frame(({ instances }) => instances[2]?.score === 1)
  })

  it('keeps a replica up to date from the store when it is cut off from the bus', async () => {
    await app.post('/network-fault', { instance: 'replica 3', cut: true })
    const cut = await app.frame(({ networkFaults }) => networkFaults['replica 3'] === 'cut off from the bus')
    const applied = cut.instances[3]?.sequence
    await app.frame(({ instances }) => instances[3]?.sequence !== applied)
    await app.post('/network-fault', { instance: 'replica 3' })
  })

  it('rejects unknown replicas and faults', async () => {
    expect((await app.post('/network-fault', { instance: 'nobody', cut: true })).status).toBe(400)
    expect((await app.post('/network-fault', { instance: 'all', drop: 2 })).status).toBe(400)
    expect((await app.post('/network-fault', { instance: 'all', shake: 1 })).status).toBe(400)
  })

  const both = (values: readonly [unknown, unknown]) => ({
    key: 'unit-001',
    edits: ['replica 1', 'replica 2'].map((instance, i) => ({ instance, actor: `ann ${i + 1}`, value: values[i] })),
  })

  it("merges concurrent writes of two replicas by the field's strategy, and shows the result on a third", async () => {
    const answer = await app.post('/concurrent-edits', { ...both([500, 470]), field: 'installedCapacity' })
    const { strategy, writes, states, summary } = (await answer.json()) as ConcurrentEdits & Summarized
    expect(strategy).toBe('max')
    expect(writes.map(({ changed }) => changed)).toContain(true)
    expect(states.map(({ value }) => value)).toEqual([500, 500, 500])
    expect(summary.at(-1)).toMatch(/^All 3 replicas have 500 at document version \d+\.$/)
    await app.frame(({ units }) => units['replica 3']?.['unit-001']?.value.installedCapacity === 500)
  })

  it('explains a failed compare-and-set', async () => {
    const answer = await app.post('/compare-and-set', { ...both([411, 412]), field: 'demand' })
    const { attempt, read, states, summary } = (await answer.json()) as CompareAndSetResult & Summarized
    expect(attempt).toMatchObject({ ok: false, value: 412, fieldVersion: read.fieldVersion + 1 })
    expect(states).toMatchObject([{ value: 412 }, { value: 412 }, { value: 412 }])
    expect(summary.join(' ')).toContain(
      `required field version ${read.fieldVersion} to write 411. Conflict: the field is at version`,
    )
  })

  it('returns changes with author and instance, filtered by section and key', async () => {
    const edit = { instance: 'replica 3', actor: 'ben', value: ['gas', 'peak'] }
    await app.post('/edit', { key: 'unit-002', field: 'tags', edit })
    const lines = async (query: object) => ((await (await app.post('/journal', query)).json()) as Journaled).lines
    const edited = async () => (await lines({ section: 'units', key: 'unit-002' }))[0]
    await vi.waitUntil(async () => (await edited())?.kind === 'changed')
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

  it('returns only edits by people when it is asked for them', async () => {
    const answer = await app.post('/journal', { byPeople: true })
    const { lines } = (await answer.json()) as Journaled
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.filter(({ actor }) => ['ingest', 'forecast service'].includes(actor))).toEqual([])
  })

  it('returns a document of a replica with its versions', async () => {
    const query = { instance: 'replica 2', section: 'units', key: 'unit-003' }
    expect(await (await app.post('/inspect', query)).json()).toMatchObject({ exists: true, key: 'unit-003' })
    expect((await app.post('/inspect', { ...query, instance: 'ingest' })).status).toBe(400)
    expect((await app.post('/inspect', { ...query, key: '' })).status).toBe(400)
  })

  it('refuses requests that pages of other origins send', async () => {
    const headers = { 'content-type': 'application/json', origin: 'http://evil.example.com' }
    const answer = await fetch(`${app.url}/rate`, { method: 'POST', headers, body: '{"rate":0}' })
    expect(answer.status).toBe(403)
    expect((await fetch(`${app.url}/events`, { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403)
  })

  it('rejects invalid edits with the reason', async () => {
    const edit = { instance: 'replica 1', actor: 'ann', value: 'much' }
    const post = async (path: string, body: unknown) => {
      const answer = await app.post(path, body)
      return [answer.status, ((await answer.json()) as { error: string }).error]
    }
    expect(await post('/edit', { key: 'unit-001', field: 'demand', edit })).toEqual([
      400,
      'demand: expected a number from 0 to 1000000',
    ])
    const tags = { key: 'unit-001', field: 'tags', edit: { ...edit, value: [1] } }
    expect(await post('/edit', tags)).toEqual([400, 'tags: expected a list of at most 20 strings'])
    expect((await post('/edit', { key: 'unit-009', field: 'demand', edit }))[1]).toMatch(
      /^key: expected one of unit-001/,
    )
    expect((await post('/edit', { key: 'unit-001', field: 'constructor', edit }))[1]).toMatch(/^field: expected one of/)
    expect((await post('/edit', { key: 'unit-001', field: 'unitName' }))[1]).toMatch(/^instance:/)
    const same = { key: 'unit-001', field: 'unitName', edits: [edit, edit] }
    expect((await post('/concurrent-edits', same))[1]).toBe('edits: expected edits on two different replicas')
    expect((await post('/compare-and-set', { ...same, edits: [edit] }))[1]).toBe('edits: expected two edits')
    expect((await post('/journal', { section: 'none' }))[1]).toMatch(/^section:/)
  })
})
