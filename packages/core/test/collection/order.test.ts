import { expect, test } from 'vitest'
import { openTestSetup, type TestSetup } from '../replica/test-setup.ts'

/** Begins a write whose call is slow on its way, so that what follows waits behind it; the returned function ends that. */
async function slowly(t: TestSetup, begin: () => Promise<unknown>): Promise<() => Promise<void>> {
  t.requests.holdNext('commit')
  const write = begin()
  await t.clock.advance(1)
  return async () => {
    t.requests.release()
    await t.clock.advance(1)
    await write
  }
}

test('a write that is slow on its way is not overtaken by a later one', async () => {
  await using t = openTestSetup()
  await t.local.assign('x', { n: 0 })
  const arrive = await slowly(t, () => t.local.assign('x', { n: 1 }))
  const later = t.local.assign('x', { n: 2 })
  await t.clock.advance(1)
  await arrive()
  await later
  expect(t.stored('x')).toEqual({ n: 2 })
})

test('a write that its caller gave up is not overtaken by a later one either', async () => {
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

test('a write that waits for a store that is away is not overtaken by a later one', async () => {
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

test('what waits combines only with its own kind', async () => {
  await using t = openTestSetup()
  await t.local.assign('x', { n: 0 })
  await t.local.get('x')
  const arrive = await slowly(t, () => t.local.assign('x', { n: 1 }))
  const writes = [t.local.assign('x', { m: 1 }), t.local.update('x', (d) => ({ ...d, n: (d.n ?? 0) + 1 }))]
  await arrive()
  await Promise.all(writes)
  expect(t.stored('x')).toEqual({ n: 2, m: 1 })
})

test('what insists on a version does so, though it waits behind others', async () => {
  await using t = openTestSetup()
  await t.local.assign('x', { n: 0 })
  const arrive = await slowly(t, () => t.local.assign('x', { n: 1 }))
  const waiting = t.local.assign('x', { n: 2 })
  const refused = expect(t.local.assign('x', { n: 3 }, { ifVersion: 1 })).rejects.toMatchObject({
    code: 'SYNC_CONFLICT',
  })
  await arrive()
  await waiting
  await refused
  expect(t.stored('x')).toEqual({ n: 2 })
})

test('an id of its own is kept by a write that waits behind others', async () => {
  await using t = openTestSetup()
  await t.local.assign('x', { n: 0 })
  const up = (idempotencyKey?: string) =>
    t.local.update('x', (d) => ({ n: (d.n ?? 0) + 1 }), idempotencyKey === undefined ? {} : { idempotencyKey })
  const arrive = await slowly(t, () => up())
  const writes = [up(), up('job')]
  await arrive()
  await Promise.all(writes)
  await up('job')
  expect(t.stored('x')).toEqual({ n: 3 })
})

test('what is sent again takes nothing along that came later', async () => {
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
