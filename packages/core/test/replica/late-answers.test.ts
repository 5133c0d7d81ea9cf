import { createInstance, defineCollection, memoryBus, memoryStore, type SyncEvent } from '@sync/core'
import { expect, test } from 'vitest'
import { type Doc, openTestSetup } from './test-setup.ts'

const losses = (events: readonly SyncEvent[]): SyncEvent[] =>
  events.filter((event) => event.type === 'epoch' && event.lost)

test('a snapshot that is older than the replica is not installed', async () => {
  await using t = openTestSetup()
  await t.remote.assign('x', { n: 1 })
  await t.local.ready()
  t.replies.hold('load')
  const reading = t.local.get('x')
  await t.clock.advance(1)
  expect(t.replies.held).toBe(1)
  // these come by the bus while the answer is on its way
  await t.remote.assign('x', { n: 2 })
  const write = t.local.assign('x', { n: 3 })
  await t.clock.advance(1)
  t.replies.release()
  await reading
  await write
  await t.clock.advance(100)
  expect(t.local.peek('x')).toEqual({ n: 3 })
})

test('a snapshot does not take back what came while it was on its way', async () => {
  await using t = openTestSetup()
  await t.remote.assign('x', { n: 1 })
  await t.local.get('x')
  t.hub.bus.delay(10)
  const { position } = await t.remote.assign('x', { n: 2 })
  t.replies.hold('load')
  const reading = t.local.get('x', { after: position })
  await t.clock.advance(1)
  expect(t.replies.held).toBe(1)
  await t.remote.assign('x', { n: 3 })
  await t.clock.advance(20)
  t.replies.release()
  await reading
  await t.clock.advance(1)
  expect(t.local.peek('x')).toEqual({ n: 3 })
})

test('a late change of a document that was found absent does not bring it back, though its removal is lost', async () => {
  await using t = openTestSetup()
  await t.local.ready()
  t.hub.bus.delay(500)
  await t.remote.assign('x', { n: 1 })
  t.hub.bus.setFaultRates({ drop: 1 })
  await t.remote.delete('x')
  expect(await t.local.get('x')).toBeUndefined()
  await t.clock.advance(510)
  expect(t.local.peek('x')).toBeUndefined()
})

test('an own write made while the document is being loaded is read at once, though its echo is lost', async () => {
  await using t = openTestSetup()
  await t.remote.assign('x', { n: 1 })
  await t.local.ready()
  t.replies.hold('load')
  const reading = t.local.get('x')
  await t.clock.advance(1)
  t.hub.bus.setFaultRates({ drop: 1 })
  const write = t.local.assign('x', { n: 2 })
  await t.clock.advance(1)
  t.replies.release()
  await reading
  await t.clock.advance(1)
  expect(t.local.peek('x')).toEqual({ n: 2 })
  await write
})

test('a load answered before a fail-over says nothing of the epoch adopted since', async () => {
  await using t = openTestSetup()
  await t.remote.assign('x', { n: 1 })
  await t.remote.assign('x', { n: 2 })
  await t.local.ready()
  t.replies.hold('load')
  const reading = t.local.get('x')
  await t.clock.advance(1)
  t.hub.store.loseTail(1)
  await t.remote.assign('y', { n: 1 })
  await t.clock.advance(10)
  t.replies.release()
  await t.clock.advance(100)
  expect(await reading).toEqual({ n: 1 })
})

test('an acknowledgement of a history that is over is none: the write is asked again under its id', async () => {
  await using t = openTestSetup()
  await t.remote.assign('x', { n: 1 })
  await t.local.get('x')
  t.replies.hold('commit')
  let done = false
  const write = t.local.assign('x', { n: 2 }).then((written) => {
    done = true
    return written
  })
  await t.clock.advance(1)
  expect(t.replies.held).toBe(1)
  t.hub.store.loseTail(1)
  await t.remote.assign('y', { n: 1 })
  await t.sync.catchUp()
  expect(done).toBe(false)
  t.replies.release()
  await t.clock.advance(100)
  await write
  expect(await t.remote.get('x')).toEqual({ n: 2 })
  expect(t.local.peek('x')).toEqual({ n: 2 })
})

test('a head answered before the change that arrived meanwhile raises no alarm', async () => {
  await using t = openTestSetup()
  await t.remote.assign('x', { n: 1 })
  await t.local.get('x')
  t.replies.hold('heads')
  const check = t.sync.catchUp()
  await t.clock.advance(1)
  await t.remote.assign('x', { n: 2 })
  await t.clock.advance(1)
  expect(t.local.peek('x')).toEqual({ n: 2 })
  t.replies.release()
  await check
  expect(t.events.filter(({ type }) => type === 'epoch')).toEqual([])
})

test('a blind write that is lost is told, though no replica of it is held', async () => {
  await using t = openTestSetup()
  await t.local.assign('x', { n: 1 })
  t.hub.store.loseTail(1)
  await t.sync.catchUp()
  expect(losses(t.events)).toHaveLength(1)
})

test('a late change of a lost history is not taken for one of the new', async () => {
  await using t = openTestSetup()
  await t.remote.assign('x', { n: 1 })
  await t.local.get('x')
  t.hub.bus.delay(500)
  await t.remote.assign('x', { n: 2 })
  t.hub.store.loseTail(1)
  await t.sync.catchUp()
  await t.clock.advance(1_000)
  expect(t.local.peek('x')).toEqual({ n: 1 })
  t.hub.bus.delay(0)
  await t.remote.assign('x', { n: 3 })
  await t.clock.advance(100)
  expect(t.local.peek('x')).toEqual({ n: 3 })
})

test('a log read while the history changed is asked again', async () => {
  await using t = openTestSetup()
  await t.remote.assign('x', { n: 1 })
  await t.local.get('x')
  t.hub.bus.drop(2)
  await t.remote.assign('x', { n: 2 })
  t.replies.hold('changesSince')
  const check = t.sync.catchUp()
  await t.clock.advance(1)
  expect(t.replies.held).toBe(1)
  t.hub.store.loseTail(1)
  await t.remote.assign('x', { n: 9 })
  await t.clock.advance(1)
  t.replies.release()
  await t.clock.advance(100)
  await check
  expect(t.local.peek('x')).toEqual({ n: 9 })
})

test('a check is over only when what it found old has been loaded', async () => {
  await using t = openTestSetup({ maxChanges: 2 })
  await t.remote.assign('x', { n: 0 })
  await t.local.get('x')
  t.hub.bus.setFaultRates({ drop: 1 })
  for (let n = 1; n <= 5; n++) await t.remote.assign('x', { n })
  t.replies.hold('load')
  let over = false
  const check = t.sync.catchUp().then(() => {
    over = true
  })
  await t.clock.advance(10)
  expect([t.replies.held, over, t.sync.health().state]).toEqual([1, false, 'catching-up'])
  t.replies.release()
  await check
  expect(t.local.peek('x')).toEqual({ n: 5 })
})

test('a document made while all are being loaded is held too', async () => {
  await using t = openTestSetup()
  const all = defineCollection<Doc>({ section: 'all', ttl: 'never', replicate: 'all' })
  const writer = createInstance({ store: memoryStore(t.hub), bus: memoryBus(t.hub), runtime: t.clock })
  const theirs = writer.collection(all, { partition: 'p' })
  await theirs.assign('old', { n: 1 })
  t.replies.hold('load')
  const ours = t.sync.collection(all, { partition: 'p' })
  await t.clock.advance(1)
  await theirs.assign('new', { n: 1 })
  await t.clock.advance(1)
  t.replies.release()
  await ours.ready()
  await t.clock.advance(100)
  expect([ours.peek('old'), ours.peek('new')]).toEqual([{ n: 1 }, { n: 1 }])
  const closing = writer.close()
  await t.clock.advance(10)
  await closing
})
