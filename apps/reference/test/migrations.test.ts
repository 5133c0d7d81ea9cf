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

async function moved(path: string, to: string): Promise<MigrationResult> {
  const answer = await app.post(path, { to })
  const told = await answer.json()
  expect(answer.status, JSON.stringify(told)).toBe(200)
  return told as MigrationResult
}

/** The same documents before and after, in the store and every replica; and on it goes. */
async function expectSame({ before, after }: MigrationResult): Promise<void> {
  expect(before.documents).toBeGreaterThan(0)
  expect(after).toEqual(before)
  expect(after.differing).toEqual([])
  const then = await app.frame(({ busy }) => busy === undefined)
  await app.frame(({ totals, instances }) => {
    const all = instances.slice(1).every(({ score, state }) => score === 1 && state === 'live')
    return all && totals.commits > then.totals.commits + 50
  })
}

describe('the app', { timeout: 90_000 }, () => {
  it('moves to another bus while it runs, and says that all documents are the same', async () => {
    await app.frame(({ totals }) => totals.commits > 100)
    const { menu, totals } = await app.frame(() => true)
    expect(menu.buses).toContain('memory, 20 ms late')
    const move = await moved('/move-bus', 'memory, 20 ms late')
    expect(move).toMatchObject({ what: 'bus', from: menu.bus, to: 'memory, 20 ms late' })
    await expectSame(move)
    const late = await app.frame(({ totals }) => totals.propagation.p50 > 15)
    expect(late.menu.bus).toBe('memory, 20 ms late')
    // nobody had to begin anew
    expect(late.totals.commits).toBeGreaterThan(totals.commits)
    await expectSame(await moved('/move-bus', menu.bus))
  })

  it('restarts on another store with the same documents, there and back', async () => {
    const { menu } = await app.frame(({ totals }) => totals.commits > 100)
    const move = await moved('/move-store', 'memory two')
    expect(move).toMatchObject({ what: 'store', from: menu.store, to: 'memory two' })
    await expectSame(move)
    const there = await app.frame(({ menu }) => menu.store === 'memory two')
    expect(there.moved).toEqual(move)
    // what the first store still has is not what the second has now
    await expectSame(await moved('/move-store', menu.store))
  })

  it('answers what it is asked while its services restart, once they have', async () => {
    const opening = Promise.withResolvers<void>()
    const opened = Promise.withResolvers<Store>()
    registerScheme('slow', async () => ({
      store() {
        opening.resolve()
        return opened.promise
      },
    }))
    const { menu } = await app.frame(() => true)
    let asked = 0
    const cutOff = app.system.ask<unknown>(({ ingest }) =>
      asked++ === 0 ? ingest.execute('caughtUp', { since: Number.MAX_SAFE_INTEGER }) : ingest.execute('where'),
    )
    const moving = moved('/move-store', 'slow:')
    await opening.promise
    const journal = app.post('/journal', {})
    const pace = app.system.pace(150)
    await setImmediate()
    opened.reject(new Error('it does not open after all'))
    await expect(moving).rejects.toThrow()
    expect(await cutOff).toHaveProperty('sequence')
    expect((await journal).status).toBe(200)
    await pace
    const after = await app.frame(({ busy }) => busy === undefined)
    expect([after.pace, after.menu.store]).toEqual([150, menu.store])
    await app.system.pace(200)
  })

  it('loses no edit that it took as it moved, and refuses the others', async () => {
    const { menu, units } = await app.frame(() => true)
    const targets = Object.keys(units['replica 1'] ?? {}).flatMap((key) =>
      (['unitName', 'unitType'] as const).map((field) => ({ key, field })),
    )
    const edit = async (target: (typeof targets)[number]) => {
      const hand = { instance: 'replica 2', actor: 'ann', value: 'edited' }
      const { status } = await app.post('/edit', { ...target, hand })
      return { ...target, status }
    }
    const early = targets.slice(0, 3).map(edit)
    const move = moved('/move-store', menu.store === 'memory two' ? (menu.stores[0] ?? '') : 'memory two')
    const late = targets.slice(3).map(edit)
    const edits = await Promise.all([...early, ...late])
    await expectSame(await move)
    expect([200, 409]).toEqual(expect.arrayContaining(edits.map(({ status }) => status)))
    const taken = edits.filter(({ status }) => status === 200)
    expect(taken.length).toBeGreaterThan(0)
    const after = await app.frame(({ units }) => Object.keys(units['replica 3'] ?? {}).length === 3)
    for (const { key, field } of taken) expect(after.units['replica 3']?.[key]?.value[field], key).toBe('edited')
  })

  it('refuses a move to where it is, or to nowhere', async () => {
    const { menu } = await app.frame(() => true)
    expect((await app.post('/move-bus', { to: 'pigeons' })).status).toBe(400)
    expect((await app.post('/move-bus', { to: menu.bus })).status).toBe(409)
    expect((await app.post('/move-store', { to: 7 })).status).toBe(400)
  })

  it.each(['/move-bus', '/move-store'])('goes on where it is if it cannot move (%s), and says why', async (path) => {
    const { menu } = await app.frame(() => true)
    const answer = await app.post(path, { to: 'pigeon:' })
    expect(answer.status).toBe(500)
    expect(await answer.json()).toEqual({ error: expect.stringContaining('no adapter for pigeon:') })
    const still = await app.frame(({ busy, rate }) => busy === undefined && rate > 0)
    expect([still.menu.store, still.menu.bus]).toEqual([menu.store, menu.bus])
    expect(still.log.some(({ text }) => text.startsWith('not moved to pigeon:'))).toBe(true)
    await app.frame(
      ({ totals, instances }) =>
        totals.commits > still.totals.commits + 20 && instances.slice(1).every(({ score }) => score === 1),
    )
  })
})
