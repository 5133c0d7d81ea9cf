import type { Change } from '@sync/core'
import { describe, expect, it } from 'vitest'
import { type Doc, openTestSetup } from '../replica/test-setup.ts'
import { pullStream } from './pull-stream.ts'

const kindOf = ({ kind }: Change<Doc>): string => kind

describe('changes()', () => {
  it('emits the current values when the log no longer covers a gap', async () => {
    await using t = openTestSetup({ maxChanges: 1 }, { replicate: 'all' })
    await t.remote.assign('x', { n: 0 })
    await t.local.ready()
    const stream = pullStream(t)
    await stream.next()
    t.hub.bus.setFaultRates({ drop: 1 })
    for (let n = 1; n <= 3; n++) await t.remote.assign('x', { n })
    await t.clock.advance(1)
    t.hub.bus.setFaultRates({})
    t.replies.hold('heads')
    await t.remote.assign('y', { n: 1 })
    await t.clock.advance(100)
    t.replies.release()
    const emitted = new Map((await stream.next()).map((each) => [each.key, 'value' in each && each.value]))
    expect(emitted).toEqual(new Map(Object.entries({ x: { n: 3 }, y: { n: 1 } })))
  })

  it('emits an expiry that a load finds for another reason', async () => {
    await using t = openTestSetup({}, { ttl: 1_000, replicate: 'all' })
    const stream = pullStream(t)
    await t.remote.assign('x', { n: 1 })
    await stream.next()
    t.requests.holdNext('load')
    const evicting = t.local.evict('x')
    await t.clock.advance(2_000)
    t.requests.release()
    await evicting
    expect(await stream.next()).toMatchObject([{ kind: 'removed', key: 'x', reason: 'expired' }])
  })

  it('emits the expiry of a document known only from the log', async () => {
    await using t = openTestSetup({}, { ttl: 1_000, replicate: 'all' })
    await t.local.ready()
    const stream = pullStream(t)
    await stream.next()
    t.requests.holdNext('changesSince')
    t.hub.bus.drop(2)
    await t.remote.assign('x', { n: 1 })
    await t.clock.advance(1)
    const checking = t.sync.catchUp()
    await t.clock.advance(1)
    await t.clock.advance(1_500)
    await t.local.evict('x')
    expect(t.local.peek('x')).toBeUndefined()
    t.requests.release()
    await checking
    expect((await stream.next()).at(-1)).toMatchObject({ kind: 'removed', reason: 'expired' })
  })

  it('emits an expiry once when a load finds it while the log is being read', async () => {
    await using t = openTestSetup({}, { ttl: 1_000, replicate: 'all' })
    await t.local.ready()
    const stream = pullStream(t)
    await stream.next()
    await t.remote.assign('x', { n: 1 })
    expect((await stream.next()).map(kindOf)).toEqual(['created'])
    t.requests.holdNext('changesSince')
    t.hub.bus.setFaultRates({ drop: 1 })
    await t.remote.assign('x', { n: 2 })
    t.hub.bus.setFaultRates({})
    const checking = t.sync.catchUp()
    await t.clock.advance(2_000)
    expect((await stream.next()).map(kindOf)).toEqual(['removed'])
    const later = pullStream(t)
    await later.next()
    t.requests.release()
    await checking
    expect(await stream.next()).toEqual([])
    // the stream that was opened in between has not emitted it yet
    expect((await later.next()).at(-1)).toMatchObject({ kind: 'removed', reason: 'expired' })
    await t.remote.assign('x', { n: 3 })
    await t.clock.advance(2_000)
    expect((await stream.next()).map(kindOf)).toEqual(['created', 'removed'])
  })

  it('emits the expiry of a document that was created and expired during a load', async () => {
    await using t = openTestSetup({}, { ttl: 1_000, replicate: 'all' })
    await t.local.ready()
    const stream = pullStream(t)
    await stream.next()
    t.requests.holdNext('load')
    const evicting = t.local.evict('x')
    await t.clock.advance(1)
    await t.remote.assign('x', { n: 1 })
    expect((await stream.next()).map(kindOf)).toEqual(['created'])
    await t.clock.advance(2_000)
    t.requests.release()
    await evicting
    expect(await stream.next()).toMatchObject([{ kind: 'removed', key: 'x', reason: 'expired' }])
  })
})

describe('changes({ from: { after } })', () => {
  it('emits a reset when the store loses the change at the position', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    const { position } = await t.remote.assign('x', { n: 2 })
    await t.local.ready()
    const stream = pullStream(t, { from: { after: position } })
    expect(await stream.next()).toEqual([])
    t.hub.store.loseTail(1)
    await t.sync.catchUp()
    expect(await stream.next()).toMatchObject([{ kind: 'reset', reason: 'epoch', value: { n: 1 } }])
  })

  it('emits a reset when the store loses a change that was read from the log', async () => {
    await using t = openTestSetup()
    const { position } = await t.remote.assign('x', { n: 1 })
    await t.remote.assign('x', { n: 2 })
    await t.local.ready()
    const stream = t.local.changes({ from: { after: position } })[Symbol.asyncIterator]()
    const first = stream.next()
    await t.clock.advance(10)
    expect((await first).value?.map(kindOf)).toEqual(['delta'])
    t.hub.store.loseTail(1)
    await t.sync.catchUp()
    const second = stream.next()
    await t.clock.advance(10)
    expect((await second).value).toMatchObject([{ kind: 'reset', reason: 'epoch', value: { n: 1 } }])
  })

  it('starts with the creation when it resumes from the position of a snapshot', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    await t.local.ready()
    t.hub.bus.delay(1_000)
    await t.remote.assign('x', { n: 2 })
    const [snapshot] = await pullStream(t, { from: 'snapshot' }).next()
    expect(snapshot).toMatchObject({ kind: 'reset', value: { n: 2 } })
    await t.clock.advance(2_000)
    const again = await pullStream(t, { from: { after: (snapshot as Change<Doc>).position } }).next()
    expect(again.map(kindOf)[0]).toBe('created')
  })

  it('never emits an earlier position when an expiry is found while the log is being read', async () => {
    await using t = openTestSetup({}, { ttl: 1_000, replicate: 'all' })
    await t.remote.assign('x', { n: 1 })
    await t.local.ready()
    await t.clock.advance(800)
    const { position } = await t.remote.assign('y', { n: 1 })
    t.requests.holdNext('changesSince')
    const stream = pullStream(t, { from: { after: position } })
    expect(await stream.next()).toEqual([])
    await t.clock.advance(400)
    await t.local.evict('x')
    await t.remote.assign('y', { n: 2 })
    t.requests.release()
    const emitted = await stream.next()
    expect(emitted).toMatchObject([
      { kind: 'delta', key: 'y', version: 2 },
      { kind: 'removed', key: 'x', reason: 'expired' },
    ])
    expect(await pullStream(t, { from: { after: (emitted.at(-1) as Change<Doc>).position } }).next()).toEqual([])
  })

  it.each(['x', undefined])('emits an expiry that happened before it started, with key %s', async (key) => {
    await using t = openTestSetup({}, { ttl: 1_000, replicate: 'all' })
    const { position } = await t.remote.assign('y', { n: 1 })
    await t.remote.assign('x', { n: 1 })
    await t.local.ready()
    await t.clock.advance(2_000)
    const stream = pullStream(t, { ...(key && { key }), from: { after: position } })
    expect((await stream.next()).filter((each) => each.key === 'x').map(kindOf)).toEqual(['created', 'removed'])
  })
})

describe('changes({ key, from: { after } })', () => {
  it('emits a change of the new epoch under a sequence that was read from the log before', async () => {
    await using t = openTestSetup({}, { subscribeBy: 'document' })
    const { position } = await t.remote.assign('x', { n: 1 })
    await t.remote.assign('x', { n: 2 })
    await t.local.get('x')
    for (let n = 1; n <= 3; n++) await t.remote.assign('y', { n })
    const stream = t.local.changes({ key: 'x', from: { after: position } })[Symbol.asyncIterator]()
    const first = stream.next()
    await t.clock.advance(10)
    expect((await first).value?.map(kindOf)).toEqual(['delta'])
    t.hub.store.loseTail(3)
    await t.sync.catchUp()
    await t.remote.assign('x', { n: 3 })
    expect((await stream.next()).value).toMatchObject({ length: 0, synced: 'log' })
    const third = stream.next()
    await t.clock.advance(10)
    expect((await third).value).toMatchObject([{ kind: 'changed', version: 3, value: { n: 3 } }])
  })

  it('emits a reset when the store loses a change known only from the log', async () => {
    await using t = openTestSetup({}, { subscribeBy: 'document' })
    const { position } = await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    t.hub.bus.setFaultRates({ drop: 1 })
    await t.remote.assign('x', { n: 2 })
    const stream = t.local.changes({ key: 'x', from: { after: position } })[Symbol.asyncIterator]()
    const first = stream.next()
    await t.clock.advance(10)
    expect((await first).value?.map(kindOf)).toEqual(['delta'])
    expect((await stream.next()).value).toMatchObject({ length: 0, synced: 'log' })
    t.hub.store.loseTail(1)
    await t.sync.catchUp()
    const second = stream.next()
    await t.clock.advance(10)
    expect((await second).value).toMatchObject([{ kind: 'reset', reason: 'epoch', value: { n: 1 } }])
  })

  it('emits no older value when a load is older than the log', async () => {
    await using t = openTestSetup({}, { subscribeBy: 'document' })
    const { position } = await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    t.hub.bus.setFaultRates({ drop: 1 })
    const second = await t.remote.assign('x', { n: 2 })
    t.requests.holdNext('changesSince')
    const stream = pullStream(t, { key: 'x', from: { after: position } })
    expect(await stream.next()).toEqual([])
    t.replies.hold('load')
    const reading = t.local.get('x', { after: second.position })
    await t.clock.advance(1)
    expect(t.replies.held).toBe(1)
    await t.remote.assign('x', { n: 3 })
    t.requests.release()
    expect(await stream.next()).toMatchObject([{ version: 2 }, { version: 3 }])
    t.replies.release()
    await reading
    t.hub.bus.setFaultRates({})
    await t.remote.assign('x', { n: 4 })
    expect(await stream.next()).toMatchObject([{ kind: 'changed', version: 4, previous: { n: 3 }, value: { n: 4 } }])
  })

  it('emits a reset when the store loses a change that was read from the log during a load', async () => {
    await using t = openTestSetup({}, { subscribeBy: 'document' })
    const { position } = await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    t.hub.bus.setFaultRates({ drop: 1 })
    const second = await t.remote.assign('x', { n: 2 })
    t.requests.holdNext('changesSince')
    const stream = pullStream(t, { key: 'x', from: { after: position } })
    expect(await stream.next()).toEqual([])
    t.replies.hold('load')
    const reading = t.local.get('x', { after: second.position })
    await t.clock.advance(1)
    t.requests.release()
    expect(await stream.next()).toMatchObject([{ kind: 'delta', version: 2 }])
    t.hub.store.loseTail(1)
    const checking = t.sync.catchUp()
    await t.clock.advance(10)
    t.replies.release()
    await t.clock.advance(10)
    await Promise.all([reading, checking])
    expect(await stream.next()).toMatchObject([{ kind: 'reset', reason: 'epoch', version: 1, value: { n: 1 } }])
  })

  it('emits only the common value when the store loses commits while the log is being read', async () => {
    for (const from of ['lost', 'common'] as const) {
      await using t = openTestSetup({}, { subscribeBy: 'document' })
      const common = await t.remote.assign('x', { n: 1 })
      const lost = await t.remote.assign('x', { n: 2 })
      await t.local.get('x')
      t.requests.holdNext('changesSince')
      const stream = pullStream(t, { key: 'x', from: { after: { lost, common }[from].position } })
      expect(await stream.next()).toEqual([])
      await t.remote.assign('x', { n: 3 })
      await t.clock.advance(1)
      expect(t.local.peek('x')).toEqual({ n: 3 })
      t.hub.store.loseTail(2)
      t.requests.release()
      const emitted = await stream.next()
      expect(emitted).toMatchObject(emitted.map(() => ({ kind: 'reset', value: { n: 1 } })))
      expect(emitted).not.toEqual([])
    }
  })

  it('emits a removal when the log no longer has the deletion', async () => {
    await using t = openTestSetup({ maxChanges: 1 }, { subscribeBy: 'document' })
    const { position } = await t.remote.assign('x', { n: 1 })
    await t.remote.delete('x')
    for (const n of [1, 2]) await t.remote.assign('y', { n })
    expect(await pullStream(t, { key: 'x', from: { after: position } }).next()).toMatchObject([
      { kind: 'removed', key: 'x', reason: 'deleted' },
    ])
  })

  it.each(['section', 'document'] as const)(
    'emits the deletion of a document known only from the log when subscribed by %s',
    async (subscribeBy) => {
      await using t = openTestSetup({ maxChanges: 3 }, { subscribeBy })
      const { position } = await t.remote.assign('y', { n: 1 })
      expect(await t.local.get('x')).toBeUndefined()
      t.hub.bus.setFaultRates({ drop: 1 })
      await t.remote.assign('x', { n: 1 })
      const stream = pullStream(t, { key: 'x', from: { after: position } })
      expect((await stream.next()).map(kindOf)).toEqual(['created'])
      await t.remote.delete('x')
      for (let n = 2; n <= 5; n++) await t.remote.assign('y', { n })
      await t.sync.catchUp()
      expect((await stream.next()).map(kindOf)).toEqual(['removed'])
    },
  )

  it('emits the deletion of a document known only from the log when it is being loaded', async () => {
    await using t = openTestSetup({}, { subscribeBy: 'document' })
    const { position } = await t.remote.assign('y', { n: 1 })
    await t.local.get('x')
    t.hub.bus.setFaultRates({ drop: 1 })
    t.requests.holdNext('load')
    const evicting = t.local.get('x', { after: (await t.remote.assign('x', { n: 1 })).position })
    const stream = pullStream(t, { key: 'x', from: { after: position } })
    expect((await stream.next()).map(kindOf)).toEqual(['created'])
    await t.remote.delete('x')
    t.requests.release()
    await evicting
    expect(await stream.next()).toMatchObject([{ kind: 'removed', key: 'x', reason: 'deleted' }])
  })
})

describe("changes({ from: 'snapshot' })", () => {
  it.each(['while its keys are listed', 'after the snapshot'])(
    'emits a document whose deletion the store loses %s',
    async (when) => {
      await using t = openTestSetup()
      await t.remote.assign('x', { n: 1 })
      await t.local.ready()
      t.hub.bus.setFaultRates({ drop: 1 })
      await t.remote.delete('x')
      t.hub.bus.setFaultRates({})
      const { store } = t.requests
      const { keys } = store
      const arrival = Promise.withResolvers<void>()
      store.keys = async (...args) => {
        const page = await keys(...args)
        await arrival.promise
        return page
      }
      const stream = pullStream(t, { from: 'snapshot' })
      expect(await stream.next()).toEqual([])
      if (when === 'after the snapshot') arrival.resolve()
      expect(await stream.next()).toEqual([])
      t.hub.store.loseTail(1)
      await t.sync.catchUp()
      arrival.resolve()
      expect(await stream.next()).toMatchObject([{ kind: 'reset', key: 'x', value: { n: 1 } }])
    },
  )
})

describe("changes({ key, from: 'snapshot' })", () => {
  it.each(['section', 'document'] as const)(
    'emits the deletion of a document known only from the snapshot when subscribed by %s',
    async (subscribeBy) => {
      await using t = openTestSetup({ maxChanges: 1 }, { subscribeBy })
      expect(await t.local.get('x')).toBeUndefined()
      t.hub.bus.setFaultRates({ drop: 1 })
      await t.remote.assign('x', { n: 1 })
      await t.remote.assign('x', { n: 2 })
      t.requests.holdNext('load')
      const checking = t.sync.catchUp()
      await t.clock.advance(1)
      const stream = pullStream(t, { key: 'x', from: 'snapshot' })
      const emitted = await stream.next()
      await t.remote.delete('x')
      t.requests.release()
      await checking
      emitted.push(...(await stream.next()))
      await t.sync.catchUp()
      emitted.push(...(await stream.next()))
      // either nothing, or the document and its removal
      expect(emitted.at(-1)?.kind ?? 'removed').toBe('removed')
    },
  )

  it('emits a removal when the store loses a deletion and the deletion is repeated', async () => {
    await using t = openTestSetup({}, { subscribeBy: 'document' })
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    const stream = t.local.changes({ key: 'x', from: 'snapshot' })[Symbol.asyncIterator]()
    expect((await stream.next()).value).toMatchObject([{ kind: 'reset', value: { n: 1 } }])
    await t.remote.delete('x')
    await t.clock.advance(1)
    t.hub.store.loseTail(1)
    t.hub.bus.setFaultRates({ drop: 1 })
    await t.remote.delete('x')
    await t.sync.catchUp()
    let emitted: unknown
    void stream.next().then(({ value }) => {
      emitted = value
    })
    await t.clock.advance(10)
    expect(emitted).toMatchObject([{ kind: 'removed' }])
  })

  it('emits the value of the current epoch last when the store loses commits', async () => {
    await using t = openTestSetup({ maxChanges: 1 })
    await t.remote.assign('x', { n: 1 })
    await t.local.get('x')
    const stream = t.local.changes({ key: 'x', from: 'snapshot', combine: false })[Symbol.asyncIterator]()
    expect((await stream.next()).value).toMatchObject([{ kind: 'reset', value: { n: 1 } }])
    t.hub.bus.setFaultRates({ drop: 1 })
    for (const n of [2, 3, 4]) await t.remote.assign('x', { n })
    await t.sync.catchUp()
    t.hub.store.loseTail(1)
    await t.sync.catchUp()
    expect((await stream.next()).value?.at(-1)).toMatchObject({ kind: 'reset', value: { n: 3 } })
  })
})
