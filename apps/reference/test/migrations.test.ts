import { setImmediate } from 'node:timers/promises'
import { registerScheme } from '@sync/config'
import type { Store } from '@sync/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MigrationResult } from '../src/migrations.ts'
import { openReference, type Reference } from './reference.ts'

let app: Reference
beforeAll(async () => {
  const memory = 'memory:moves-test'
  app = await openReference({ stores: [memory, 'pigeon:', 'slow:'], buses: [memory, 'pigeon:'] })
}, 60_000)
afterAll(() => app[Symbol.asyncDispose]())

async function move(path: string, to: string): Promise<MigrationResult> {
  const response = await app.post(path, { to })
  const result = await response.json()
  expect(response.status, JSON.stringify(result)).toBe(200)
  return result as MigrationResult
}

/** Expects equal documents before and after, in the store and in every replica, and that writes continue. */
async function expectSame({ before, after }: MigrationResult): Promise<void> {
  expect(before.documents).toBeGreaterThan(0)
  expect(after).toEqual(before)
  expect(after.differing).toEqual([])
  const moved = await app.frame(({ busy }) => busy === undefined)
  await app.frame(({ totals, instances }) => {
    const all = instances.slice(1).every(({ score, state }) => score === 1 && state === 'live')
    return all && totals.commits > moved.totals.commits + 50
  })
}

describe('the app, when it moves', { timeout: 90_000 }, () => {
  it('keeps all documents on another bus while writes continue', async () => {
    await app.frame(({ totals }) => totals.commits > 100)
    const { targets, totals } = await app.frame(() => true)
    expect(targets.buses).toContain('memory with 20 ms delay')
    const result = await move('/move-bus', 'memory with 20 ms delay')
    expect(result).toMatchObject({ kind: 'bus', from: targets.bus, to: 'memory with 20 ms delay' })
    await expectSame(result)
    const delayed = await app.frame(({ totals }) => totals.propagation.p50 > 15)
    expect(delayed.targets.bus).toBe('memory with 20 ms delay')
    // no instance was restarted: the counters continue
    expect(delayed.totals.commits).toBeGreaterThan(totals.commits)
    await expectSame(await move('/move-bus', targets.bus))
  })

  it('keeps all documents on another store, and when it moves back', async () => {
    const { targets } = await app.frame(({ totals }) => totals.commits > 100)
    const result = await move('/move-store', 'memory 2')
    expect(result).toMatchObject({ kind: 'store', from: targets.store, to: 'memory 2' })
    await expectSame(result)
    const frame = await app.frame(({ targets }) => targets.store === 'memory 2')
    expect(frame.lastMigration).toEqual(result)
    // the first store's old documents must not reappear
    await expectSame(await move('/move-store', targets.store))
  })

  it('answers requests after the restart when they arrive during it', async () => {
    const opening = Promise.withResolvers<void>()
    const opened = Promise.withResolvers<Store>()
    registerScheme('slow', async () => ({
      store() {
        opening.resolve()
        return opened.promise
      },
    }))
    const { targets } = await app.frame(() => true)
    let attempts = 0
    const interrupted = app.system.withFleet<unknown>(({ ingest }) =>
      attempts++ === 0
        ? ingest.execute('waitForCatchUp', { since: Number.MAX_SAFE_INTEGER })
        : ingest.execute('progress'),
    )
    const moving = move('/move-store', 'slow:')
    await opening.promise
    const journal = app.post('/journal', {})
    const setting = app.system.setRate(150)
    await setImmediate()
    opened.reject(new Error('the store cannot be opened'))
    await expect(moving).rejects.toThrow()
    expect(await interrupted).toHaveProperty('sequence')
    expect((await journal).status).toBe(200)
    await setting
    const after = await app.frame(({ busy }) => busy === undefined)
    expect([after.targetRate, after.targets.store]).toEqual([150, targets.store])
    await app.system.setRate(200)
  })

  it('keeps every edit that it accepted during a move, and rejects the others', async () => {
    const { targets, units } = await app.frame(() => true)
    const fields = Object.keys(units['replica 1'] ?? {}).flatMap((key) =>
      (['unitName', 'unitType'] as const).map((field) => ({ key, field })),
    )
    const edit = async (field: (typeof fields)[number]) => {
      const change = { instance: 'replica 2', actor: 'ann', value: 'edited' }
      const { status } = await app.post('/edit', { ...field, edit: change })
      return { ...field, status }
    }
    const early = fields.slice(0, 3).map(edit)
    const moving = move('/move-store', targets.store === 'memory 2' ? (targets.stores[0] ?? '') : 'memory 2')
    const late = fields.slice(3).map(edit)
    const edits = await Promise.all([...early, ...late])
    await expectSame(await moving)
    expect([200, 409]).toEqual(expect.arrayContaining(edits.map(({ status }) => status)))
    const accepted = edits.filter(({ status }) => status === 200)
    expect(accepted.length).toBeGreaterThan(0)
    const after = await app.frame(({ units }) => Object.keys(units['replica 3'] ?? {}).length === 3)
    for (const { key, field } of accepted) expect(after.units['replica 3']?.[key]?.value[field], key).toBe('edited')
  })

  it('rejects a move to its current or an unknown bus or store', async () => {
    const { targets } = await app.frame(() => true)
    expect((await app.post('/move-bus', { to: 'pigeons' })).status).toBe(400)
    expect((await app.post('/move-bus', { to: targets.bus })).status).toBe(409)
    expect((await app.post('/move-store', { to: 7 })).status).toBe(400)
  })

  it.each(['/move-bus', '/move-store'])(
    'stays on its bus and store and reports the error when %s fails',
    async (path) => {
      const { targets } = await app.frame(() => true)
      const answer = await app.post(path, { to: 'pigeon:' })
      expect(answer.status).toBe(500)
      expect(await answer.json()).toEqual({ error: expect.stringContaining('pigeon') })
      const current = await app.frame(({ busy, rate }) => busy === undefined && rate > 0)
      expect([current.targets.store, current.targets.bus]).toEqual([targets.store, targets.bus])
      expect(current.log.some(({ text }) => text.startsWith('move to pigeon: failed'))).toBe(true)
      await app.frame(
        ({ totals, instances }) =>
          totals.commits > current.totals.commits + 20 && instances.slice(1).every(({ score }) => score === 1),
      )
    },
  )
})
