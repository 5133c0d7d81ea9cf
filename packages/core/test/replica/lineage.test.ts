import { createInstance, defineCollection, memoryBus, memoryStore, type SyncEvent } from '@sync/core'
import { expect, test } from 'vitest'
import { type Doc, openTestSetup, type TestSetup } from './test-setup.ts'

const epochs = ({ events }: TestSetup): SyncEvent[] => events.filter(({ type }) => type === 'epoch')

/** Something that nobody hears of by the bus. */
async function unheard(t: TestSetup, write: () => Promise<unknown>): Promise<void> {
  t.hub.bus.setFaultRates({ drop: 1 })
  await write()
  t.hub.bus.setFaultRates({})
}

test('what the next history has between the fork and its head is read', async () => {
  await using t = openTestSetup()
  await t.remote.assign('x', { n: 1 })
  await t.local.get('x')
  await t.remote.assign('y', { n: 1 })
  await t.clock.advance(1)
  t.hub.store.loseTail(1)
  await unheard(t, () => t.remote.assign('x', { n: 2 }))
  await t.sync.catchUp()
  expect(t.local.peek('x')).toEqual({ n: 2 })
})

test('what waits behind a hole is not mixed into the next history', async () => {
  await using t = openTestSetup()
  await t.remote.assign('x', { n: 1 })
  await t.local.get('x')
  await unheard(t, () => t.remote.assign('x', { n: 2 }))
  await t.remote.assign('x', { n: 3 })
  await t.clock.advance(1)
  t.hub.store.loseTail(2)
  await t.remote.assign('x', { n: 20 })
  await t.clock.advance(1)
  await t.sync.catchUp()
  expect(t.local.peek('x')).toEqual({ n: 20 })
  await unheard(t, () => t.remote.assign('x', { n: 30 }))
  await t.sync.catchUp()
  expect(t.local.peek('x')).toEqual({ n: 30 })
})

test('a late change of a history that was left throws nothing away, be it known or forgotten', async () => {
  for (const lineageDepth of [8, 0]) {
    await using t = openTestSetup({ lineageDepth })
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    t.hub.bus.delay(500)
    await t.remote.assign('x', { n: 2 })
    t.hub.store.loseTail(1)
    await t.sync.catchUp()
    const { reloads } = t.sync.stats()
    await t.clock.advance(1_000)
    expect(epochs(t)).toHaveLength(1)
    expect(t.sync.stats().reloads).toBe(reloads)
    expect(t.local.peek('x')).toEqual({ n: 1 })
  }
})

test('a head answered before an epoch was adopted does not lead back', async () => {
  await using t = openTestSetup()
  await t.remote.assign('x', { n: 1 })
  await t.local.get('x')
  t.replies.hold('heads')
  const check = t.sync.catchUp()
  await t.clock.advance(1)
  expect(t.replies.held).toBe(1)
  t.hub.store.restart()
  await t.local.get('y')
  t.replies.release()
  await check
  expect(epochs(t)).toMatchObject([{ lost: false }])
})

test('a log read before an epoch was adopted fills no hole of the new one', async () => {
  await using t = openTestSetup()
  await t.remote.assign('x', { n: 1 })
  await t.remote.assign('y', { n: 1 })
  await t.local.getMany(['x', 'y'])
  await unheard(t, () => t.remote.assign('x', { n: 2 }))
  t.replies.hold('changesSince')
  const check = t.sync.catchUp()
  await t.clock.advance(1)
  expect(t.replies.held).toBe(1)
  t.hub.store.loseTail(1)
  await unheard(t, () => t.remote.assign('y', { n: 9 }))
  await t.local.get('z')
  t.replies.release()
  await check
  await t.sync.catchUp()
  expect([t.local.peek('x'), t.local.peek('y')]).toEqual([{ n: 1 }, { n: 9 }])
})

test('a repair that is told of another history goes on in that', async () => {
  await using t = openTestSetup()
  await t.remote.assign('x', { n: 1 })
  await t.local.get('x')
  await t.remote.assign('y', { n: 1 })
  await unheard(t, () => t.remote.assign('y', { n: 2 }))
  await t.remote.assign('y', { n: 3 })
  await t.clock.advance(1)
  t.hub.store.loseTail(3)
  await unheard(t, () => t.remote.assign('x', { n: 2 }))
  await t.clock.advance(100)
  expect(t.local.peek('x')).toEqual({ n: 2 })
})

test('the loss of what came while the question was on its way is told', async () => {
  await using t = openTestSetup()
  await t.remote.assign('x', { n: 1 })
  await t.local.get('x')
  t.requests.holdNext('heads')
  const check = t.sync.catchUp()
  await t.clock.advance(1)
  await t.remote.assign('x', { n: 2 })
  await t.clock.advance(1)
  expect(t.local.peek('x')).toEqual({ n: 2 })
  t.hub.store.loseTail(1)
  t.requests.release()
  await check
  expect(epochs(t)).toMatchObject([{ lost: true, fork: 1 }])
  expect(t.local.peek('x')).toEqual({ n: 1 })
})

test('the loss of a write that was acknowledged beyond a hole is told', async () => {
  await using t = openTestSetup()
  await t.local.ready()
  await unheard(t, () => t.remote.assign('y', { n: 1 }))
  await t.local.assign('x', { n: 1 })
  t.hub.store.loseTail(1)
  await t.sync.catchUp()
  expect(epochs(t)).toMatchObject([{ lost: true, fork: 1 }])
})

test('a history that does not know ours may have lost anything: all is loaded, and told as lost', async () => {
  await using t = openTestSetup({ lineageDepth: 0 })
  await t.remote.assign('x', { n: 1 })
  await t.local.get('x')
  t.hub.store.restart()
  await t.sync.catchUp()
  expect(epochs(t)).toMatchObject([{ lost: true }])
  expect(t.sync.stats().reloads).toBe(1)
})

test('changes that a log has from an epoch forgotten by now are applied', async () => {
  await using t = openTestSetup()
  const store = memoryStore(t.hub)
  const changesSince: typeof store.changesSince = async (...asked) => {
    const page = await store.changesSince(...asked)
    return { ...page, changes: page.changes.map((change) => ({ ...change, epoch: 'forgotten' })) }
  }
  const sync = createInstance({ store: { ...t.replies.store, changesSince }, bus: memoryBus(t.hub), runtime: t.clock })
  const c = sync.collection(defineCollection<Doc>({ section: 'doc', ttl: 'never' }), { partition: 'p' })
  await t.remote.assign('x', { n: 1 })
  await c.get('x')
  await unheard(t, () => t.remote.assign('x', { n: 2 }))
  await sync.catchUp()
  expect([c.peek('x'), sync.stats().reloads]).toEqual([{ n: 2 }, 0])
  const closing = sync.close()
  await t.clock.advance(10)
  await closing
})
