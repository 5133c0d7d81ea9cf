import { createInstance, defineCollection, memoryBus, memoryStore, type SyncEvent } from '@sync/core'
import { describe, expect, it } from 'vitest'
import { type Doc, openTestSetup } from './test-setup.ts'

const losses = (events: readonly SyncEvent[]): SyncEvent[] =>
  events.filter((event) => event.type === 'epoch' && event.lost)

describe('get()', () => {
  it('keeps the newer replica when an older snapshot arrives', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    await t.local.ready()
    t.replies.hold('load')
    const reading = t.local.get('x')
    await t.clock.advance(1)
    expect(t.replies.held).toBe(1)
    // the bus delivers these while the reply is in flight
    await t.remote.assign('x', { n: 2 })
    const write = t.local.assign('x', { n: 3 })
    await t.clock.advance(1)
    t.replies.release()
    await reading
    await write
    await t.clock.advance(100)
    expect(t.local.peek('x')).toEqual({ n: 3 })
  })

  it('keeps changes that arrived while the snapshot was in flight', async () => {
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

  it('keeps a document absent when a late change arrives and its deletion is lost', async () => {
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

  it('returns an own write at once when a load is pending and the echo is lost', async () => {
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

  it('loads again when the epoch changed after the reply', async () => {
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
})

describe('assign()', () => {
  it('sends the write again under its id when the reply belongs to an earlier epoch', async () => {
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
})

describe('catchUp()', () => {
  it('reports no loss when a change overtakes the reply', async () => {
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

  it('reports the loss of a write to a document that is not cached', async () => {
    await using t = openTestSetup()
    await t.local.assign('x', { n: 1 })
    t.hub.store.loseTail(1)
    await t.sync.catchUp()
    expect(losses(t.events)).toHaveLength(1)
  })

  it('reads the log again when the epoch changed during the read', async () => {
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

  it('resolves after stale documents are reloaded', async () => {
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
})

describe('peek()', () => {
  it('ignores a late change of a lost epoch', async () => {
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
})

describe('ready()', () => {
  it('loads a document that is created during the full sync', async () => {
    await using t = openTestSetup()
    const all = defineCollection<Doc>({ section: 'all', ttl: 'never', replicate: 'all' })
    const writer = createInstance({ store: memoryStore(t.hub), bus: memoryBus(t.hub), runtime: t.clock })
    const remoteAll = writer.collection(all, { partition: 'p' })
    await remoteAll.assign('old', { n: 1 })
    t.replies.hold('load')
    const localAll = t.sync.collection(all, { partition: 'p' })
    await t.clock.advance(1)
    await remoteAll.assign('new', { n: 1 })
    await t.clock.advance(1)
    t.replies.release()
    await localAll.ready()
    await t.clock.advance(100)
    expect([localAll.peek('old'), localAll.peek('new')]).toEqual([{ n: 1 }, { n: 1 }])
    const closing = writer.close()
    await t.clock.advance(10)
    await closing
  })
})
