import { describe, expect, it } from 'vitest'
import { openTestSetup, type TestSetup } from '../replica/test-setup.ts'

/** Starts a write whose request is held back, so that later writes queue behind it. Returns a function that releases it. */
async function startSlowWrite(t: TestSetup, start: () => Promise<unknown>): Promise<() => Promise<void>> {
  t.requests.holdNext('commit')
  const write = start()
  await t.clock.advance(1)
  return async () => {
    t.requests.release()
    await t.clock.advance(1)
    await write
  }
}

describe('writes to one document', () => {
  it('commits a slow write before a later one', async () => {
    await using t = openTestSetup()
    await t.local.assign('x', { n: 0 })
    const arrive = await startSlowWrite(t, () => t.local.assign('x', { n: 1 }))
    const later = t.local.assign('x', { n: 2 })
    await t.clock.advance(1)
    await arrive()
    await later
    expect(t.stored('x')).toEqual({ n: 2 })
  })

  it('commits a write whose caller gave up before a later one', async () => {
    await using t = openTestSetup()
    await t.local.assign('x', { n: 0 })
    t.requests.holdNext('commit')
    const doubt = expect(t.local.assign('x', { n: 1 }, { timeout: 10 })).rejects.toMatchObject({
      code: 'SYNC_OUTCOME_UNKNOWN',
    })
    const later = t.local.assign('x', { n: 2 })
    await t.clock.advance(20)
    await doubt
    t.requests.release()
    await t.clock.advance(1)
    await later
    expect(t.stored('x')).toEqual({ n: 2 })
  })

  it('commits a write that waits for an unavailable store before a later one', async () => {
    await using t = openTestSetup()
    await t.local.assign('x', { n: 0 })
    t.hub.store.makeUnavailable()
    const writes = [t.local.assign('x', { n: 1 })]
    await t.clock.advance(10_000)
    writes.push(t.local.assign('x', { n: 2 }))
    await t.clock.advance(1)
    t.hub.store.makeAvailable()
    await t.clock.advance(5_000)
    await Promise.all(writes)
    expect(t.stored('x')).toEqual({ n: 2 })
  })

  it('combines waiting writes only with writes of the same kind', async () => {
    await using t = openTestSetup()
    await t.local.assign('x', { n: 0 })
    await t.local.get('x')
    const arrive = await startSlowWrite(t, () => t.local.assign('x', { n: 1 }))
    const writes = [t.local.assign('x', { m: 1 }), t.local.update('x', (d) => ({ ...d, n: (d.n ?? 0) + 1 }))]
    await arrive()
    await Promise.all(writes)
    expect(t.stored('x')).toEqual({ n: 2, m: 1 })
  })

  it('checks ifVersion after the writes that were queued before it', async () => {
    await using t = openTestSetup()
    await t.local.assign('x', { n: 0 })
    const arrive = await startSlowWrite(t, () => t.local.assign('x', { n: 1 }))
    const waiting = t.local.assign('x', { n: 2 })
    const refused = expect(t.local.assign('x', { n: 3 }, { ifVersion: 1 })).rejects.toMatchObject({
      code: 'SYNC_CONFLICT',
    })
    await arrive()
    await waiting
    await refused
    expect(t.stored('x')).toEqual({ n: 2 })
  })

  it('keeps the idempotency key of a write that waits behind others', async () => {
    await using t = openTestSetup()
    await t.local.assign('x', { n: 0 })
    const up = (idempotencyKey?: string) =>
      t.local.update('x', (d) => ({ n: (d.n ?? 0) + 1 }), idempotencyKey === undefined ? {} : { idempotencyKey })
    const arrive = await startSlowWrite(t, () => up())
    const writes = [up(), up('job')]
    await arrive()
    await Promise.all(writes)
    await up('job')
    expect(t.stored('x')).toEqual({ n: 3 })
  })

  it('does not add later writes to a commit that is resent', async () => {
    await using t = openTestSetup()
    await t.local.assign('x', { n: 0 })
    t.hub.store.loseReplies()
    const writes = [t.local.assign('x', { n: 1 })]
    await t.clock.advance(1)
    writes.push(t.local.assign('x', { m: 2 }))
    await t.clock.advance(1_000)
    await Promise.all(writes)
    expect(t.stored('x')).toEqual({ n: 1, m: 2 })
  })
})
