import { type Change, createInstance, createMemoryHub, defineCollection, memoryBus, memoryStore } from '@sync/core'
import { createVirtualRuntime } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'
import { type Doc, openTestSetup } from '../replica/test-setup.ts'
import { pullStream } from './pull-stream.ts'

const sequenceOf = ({ position }: Change<Doc>): number => Number(position.split('.')[0])

describe('changes()', () => {
  it('emits waiting changes when it starts while an earlier one is missing', async () => {
    await using t = openTestSetup()
    await t.local.ready()
    await t.remote.ready()
    t.hub.bus.drop(1)
    await t.remote.assign('x', { n: 1 })
    await t.clock.advance(1)
    await t.remote.assign('y', { n: 1 })
    await t.clock.advance(1)
    expect((await pullStream(t).next()).map(({ key }) => key)).toEqual(['x', 'y'])
  })

  it('emits a reset when a change is too large for the bus, and no position skips it', async () => {
    await using t = openTestSetup({ maxPayloadBytes: 400 })
    const stream = pullStream(t)
    await stream.next()
    await t.remote.assign('x', { text: 'a', n: 0 })
    await t.remote.assign('x', { text: 'b'.repeat(1_000) })
    await t.remote.assign('x', { n: 1 })
    await t.remote.assign('y', { n: 1 })
    const emitted = await stream.next()
    expect(emitted.map(({ kind, key }) => `${kind} ${key}`)).toEqual(['created x', 'created y', 'reset x'])
    expect(emitted.map(sequenceOf)).toEqual([1, 1, 4])
    expect(emitted[2]).toMatchObject({ value: { text: 'b'.repeat(1_000), n: 1 } })
  })

  it('emits a removal when a document expires', async () => {
    await using t = openTestSetup({}, { ttl: 1_000, replicate: 'all' })
    const stream = pullStream(t)
    await stream.next()
    await t.remote.assign('x', { n: 1 })
    await stream.next()
    await t.clock.advance(2_000)
    expect(await stream.next()).toMatchObject([{ kind: 'removed', key: 'x', reason: 'expired' }])
  })

  it('emits a later change after the reset that replaces too many changes', async () => {
    await using t = openTestSetup()
    await t.remote.assign('a', { n: 0 })
    await t.remote.assign('b', { n: 0 })
    await t.local.get('a')
    const stream = pullStream(t, { combine: true })
    await stream.next()
    t.replies.hold('load')
    for (let n = 1; n <= 10_001; n++) await t.remote.assign('a', { n })
    await t.remote.assign('b', { n: 1 })
    const emitted = await stream.next()
    await t.remote.assign('a', { n: 99_999 })
    t.replies.release()
    emitted.push(...(await stream.next()))
    expect(emitted.filter(({ key }) => key === 'a').at(-1)).toMatchObject({ value: { n: 99_999 } })
  }, 30_000)

  it('unsubscribes when return() is called, and starts a new stream per iterator', async () => {
    await using t = openTestSetup()
    const changes = t.local.changes()
    const stream = changes[Symbol.asyncIterator]()
    const next = stream.next()
    await t.clock.advance(1)
    await stream.return?.()
    expect(await next).toMatchObject({ done: true })
    expect(t.sync.stats().watchers).toBe(0)
    // each iterator is a separate stream
    const again = changes[Symbol.asyncIterator]()
    const more = again.next()
    await t.clock.advance(1)
    await t.remote.assign('x', { n: 1 })
    await t.clock.advance(1)
    expect((await more).value).toMatchObject([{ kind: 'created' }])
    await again.return?.()
  })
})

describe('changes() when the store loses commits', () => {
  it('emits a reset for a lost change that the watcher has not read', async () => {
    await using t = openTestSetup()
    const stream = pullStream(t)
    await stream.next()
    await t.remote.assign('x', { n: 1 })
    const [created] = await stream.next()
    await t.remote.assign('x', { n: 2 })
    await t.clock.advance(1)
    t.hub.store.loseTail(1)
    await t.sync.catchUp()
    expect(created).toMatchObject({ kind: 'created' })
    expect((await stream.next()).at(-1)).toMatchObject({ kind: 'reset', reason: 'epoch', value: { n: 1 } })
  })

  it('emits later changes of the new epoch whose sequences lost changes had', async () => {
    await using t = openTestSetup()
    const stream = pullStream(t)
    await stream.next()
    for (let n = 1; n <= 3; n++) await t.remote.assign('x', { n })
    await stream.next()
    t.hub.store.loseTail(2)
    await t.remote.assign('x', { n: 20 })
    await stream.next()
    await t.remote.assign('x', { n: 30 })
    expect((await stream.next()).map(({ key, version }) => [key, version])).toEqual([['x', 3]])
  })

  it('emits the changes of the new epoch when the stream began before the loss', async () => {
    await using t = openTestSetup()
    await t.local.ready()
    await t.remote.assign('x', { n: 1 })
    await t.remote.assign('y', { n: 1 })
    await t.clock.advance(1)
    const stream = pullStream(t)
    await stream.next()
    t.hub.store.loseTail(1)
    await t.remote.assign('x', { n: 2 })
    expect((await stream.next()).map(({ key, version }) => [key, version])).toEqual([['x', 2]])
  })
})

describe('changes({ from: { after } })', () => {
  it('does not emit a change again when its message arrives after the log was read', async () => {
    await using t = openTestSetup()
    const { position } = await t.remote.assign('x', { n: 0 })
    await t.local.ready()
    t.hub.bus.delay(500)
    for (let n = 1; n <= 3; n++) await t.remote.assign('x', { n })
    const stream = pullStream(t, { from: { after: position } })
    const emitted = await stream.next()
    await t.clock.advance(1_000)
    expect([...emitted, ...(await stream.next())].map(sequenceOf)).toEqual([2, 3, 4])
  })

  it('misses nothing when it resumes after any change', async () => {
    await using t = openTestSetup()
    const stream = pullStream(t, { combine: true })
    await stream.next()
    // the stream takes the first change at once; the later ones wait and are combined
    await t.remote.assign('first', { n: 1 })
    await t.clock.advance(1)
    await t.remote.assign('x', { n: 1 })
    await t.remote.assign('y', { n: 1 })
    await t.remote.assign('x', { n: 2 })
    const emitted = await stream.next()
    expect(emitted.map(({ key }) => key)).toEqual(['first', 'y', 'x'])
    for (const [at, { position }] of emitted.entries()) {
      const after = await pullStream(t, { combine: true, from: { after: position } }).next()
      const known = new Map(
        [...emitted.slice(0, at + 1), ...after].map((each) => [each.key, 'value' in each && each.value]),
      )
      expect(known).toEqual(new Map(Object.entries({ first: { n: 1 }, y: { n: 1 }, x: { n: 2 } })))
    }
  })

  it('emits a reset when the store lost the position', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    const { position } = await t.remote.assign('x', { n: 2 })
    await t.local.ready()
    t.hub.store.loseTail(1)
    await t.remote.assign('x', { n: 9 })
    await t.sync.catchUp()
    const emitted = await pullStream(t, { from: { after: position } }).next()
    expect(emitted).toMatchObject([{ kind: 'reset', reason: 'epoch', value: { n: 9 } }])
  })
})

describe("changes({ from: 'snapshot' })", () => {
  it('does not emit an expiry after a later write', async () => {
    const runtime = createVirtualRuntime(1)
    const hub = createMemoryHub({ runtime })
    const definition = defineCollection<{ n: number }>({ section: 'doc', ttl: '1s' })
    const store = memoryStore(hub)
    await using sync = createInstance({ store, bus: memoryBus(hub), runtime })
    const docs = sync.collection(definition, { partition: 'p' })
    await docs.assign('x', { n: 1 })
    await docs.get('x')
    const listed = Promise.withResolvers<void>()
    const { keys } = store
    store.keys = async (...args) => {
      await listed.promise
      return keys.apply(store, args)
    }
    const latest = new Map<string, unknown>()
    const stop = new AbortController()
    const watching = (async () => {
      for await (const batch of docs.changes({ from: 'snapshot', signal: stop.signal })) {
        for (const change of batch) latest.set(change.key, 'value' in change ? change.value : change.kind)
      }
    })()
    await runtime.advance(1_100)
    expect(docs.peek('x')).toBe(undefined)
    await docs.assign('x', { n: 2 })
    listed.resolve()
    await runtime.advance(10)
    expect(latest.get('x')).toEqual({ n: 2 })
    stop.abort()
    await watching
  })
})

describe('changes({ fields })', () => {
  it('keeps the other fields in the value when it combines changes', async () => {
    await using t = openTestSetup()
    await t.local.ready()
    const stream = pullStream(t, { fields: ['n'], combine: true })
    await stream.next()
    t.hub.bus.pause()
    await t.remote.assign('x', { n: 1, m: 1 })
    await t.remote.assign('x', { m: 2 })
    await t.remote.assign('x', { n: 2 })
    t.hub.bus.resume()
    expect(await stream.next()).toMatchObject([{ kind: 'created', value: { n: 2, m: 2 } }])
  })
})

describe('changes({ signal })', () => {
  it('ends at once when it is aborted while the store is unavailable', async () => {
    await using t = openTestSetup()
    const { position } = await t.remote.assign('x', { n: 1 })
    await t.local.ready()
    t.hub.store.pause()
    const stop = new AbortController()
    const next = t.local
      .changes({ from: { after: position }, signal: stop.signal })
      [Symbol.asyncIterator]()
      .next()
    await t.clock.advance(1)
    stop.abort()
    expect(await next).toMatchObject({ done: true })
    expect(t.sync.stats().watchers).toBe(0)
    t.hub.store.resume()
  })
})
