import { createInstance, createMemoryHub, defineCollection, memoryBus, memoryStore } from '@sync/core'
import { createVirtualRuntime } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'
import { lamp, open } from './open.ts'

describe('get()', () => {
  it('returns frozen values that share their unchanged parts', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    const before = await t.b.get('x')
    await t.a.assign('x', { price: 5 })
    await t.cluster.settle()
    const after = t.b.peek('x')
    expect(after).not.toBe(before)
    expect(after?.size).toBe(before?.size)
    expect(() => Object.assign(after?.size as object, { width: 2 })).toThrow(TypeError)
    expect(await t.b.get('x')).toBe(after)
  })

  it('loads a document once for many callers', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    const { store } = t.cluster
    store.pause()
    const all = Promise.all(Array.from({ length: 50 }, () => t.b.get('x')))
    store.resume()
    // a second load would return a second object
    expect(new Set(await all).size).toBe(1)
  })

  it('returns own writes at once, also while the document is being loaded', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    const reading = t.b.get('x')
    await t.b.assign('x', { price: 7 })
    expect((await t.b.get('x'))?.price).toBe(7)
    await reading
    expect(t.b.peek('x')?.price).toBe(7)
  })

  it('rejects when its timeout ends or its signal aborts', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    t.cluster.store.makeUnavailable()
    const late = t.b.get('x', { timeout: '1s' })
    const refused = expect(late).rejects.toMatchObject({ code: 'SYNC_TIMEOUT' })
    await t.cluster.clock.advance(1_500)
    await refused
    await expect(t.b.get('x', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'SYNC_ABORTED' })
    await expect(t.b.get('x', { timeout: -1 })).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
  })
})

describe('get({ after })', () => {
  it('returns the write of another instance when its message is lost', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    await t.b.get('x')
    t.cluster.bus.drop(2)
    const { position } = await t.a.assign('x', { price: 8 })
    expect(t.b.peek('x')?.price).toBe(4)
    expect((await t.b.get('x', { after: position }))?.price).toBe(8)
    await expect(t.b.get('x', { after: 'nonsense' })).rejects.toMatchObject({ code: 'SYNC_POSITION' })
  })

  it('returns the new value without waiting for a pending heartbeat check', async () => {
    const runtime = createVirtualRuntime(1)
    const hub = createMemoryHub({ runtime, maxChanges: 1 })
    const definition = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })
    const at = { partition: 'p' }
    await using writer = createInstance({ store: memoryStore(hub), bus: memoryBus(hub), runtime })
    const store = memoryStore(hub)
    await using reader = createInstance({ store, bus: memoryBus(hub), runtime })
    const read = reader.collection(definition, at)
    const written = writer.collection(definition, at)
    await written.assign('x', { n: 1 })
    await read.get('x')
    hub.bus.setFaultRates({ drop: 1 })
    const { position } = await written.assign('x', { n: 2 })
    await written.assign('y', { n: 1 })
    const comparing = Promise.withResolvers<void>()
    const { heads } = store
    store.heads = async (queries) => {
      if (queries.some(({ scope }) => 'key' in scope)) await comparing.promise
      return heads.call(store, queries)
    }
    const checking = reader.catchUp()
    await runtime.advance(1)
    expect(await read.get('x', { after: position })).toEqual({ n: 2 })
    comparing.resolve()
    await checking
  })
})

describe('getMany()', () => {
  it('leaves out documents that do not exist', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    await t.a.create('y', lamp)
    expect([...(await t.b.getMany(['x', 'none', 'y'])).keys()]).toEqual(['x', 'y'])
  })
})

describe('peek()', () => {
  it('returns undefined when changes of a deleted document arrive late', async () => {
    await using t = open()
    t.cluster.bus.delay(500)
    await t.a.create('x', lamp)
    await t.a.assign('x', { price: 5 })
    await t.a.delete('x')
    expect(await t.b.get('x')).toBeUndefined()
    await t.cluster.clock.advance(2_000)
    expect(t.b.peek('x')).toBeUndefined()
  })
})

describe("defineCollection({ replicate: 'all' })", () => {
  it('caches existing and new documents, and the absence of all others', async () => {
    await using t = open(defineCollection<{ n: number }>({ section: 'all', ttl: 'never', replicate: 'all' }))
    for (let n = 0; n < 20; n++) await t.a.assign(`k${n}`, { n })
    const late = t.cluster.open()
    const c = late.collection(defineCollection<{ n: number }>({ section: 'all', ttl: 'never', replicate: 'all' }), {
      partition: 'eu',
    })
    await c.ready()
    expect(c.peek('k7')).toEqual({ n: 7 })
    await t.a.assign('new', { n: 1 })
    await t.a.delete('k7')
    await t.cluster.settle()
    expect(c.peek('new')).toEqual({ n: 1 })
    expect(c.peek('k7')).toBeUndefined()
    t.cluster.store.makeUnavailable()
    expect(await c.get('never was')).toBeUndefined()
  })
})

describe("defineCollection({ subscribeBy: 'document' })", () => {
  it('receives only changes of cached documents', async () => {
    await using t = open(defineCollection<{ n: number }>({ section: 'keyed', ttl: 'never', subscribeBy: 'document' }))
    await t.a.assign('x', { n: 1 })
    await t.b.get('x')
    const received = t.instances[1]?.stats().receivedBytes
    await t.a.assign('y', { n: 1 })
    await t.cluster.clock.advance(100)
    expect(t.instances[1]?.stats().receivedBytes).toBe(received)
    await t.a.assign('x', { n: 2 })
    await t.cluster.clock.advance(100)
    expect(t.b.peek('x')).toEqual({ n: 2 })
    expect(() => t.b.changes()).toThrow(/changes\(\): expected a key/)
  })
})

describe('defineCollection({ ttl })', () => {
  it('removes an expired document from every replica', async () => {
    await using t = open(defineCollection<{ n: number }>({ section: 'brief', ttl: '10s' }))
    const changes: unknown[] = []
    await t.a.assign('x', { n: 1 })
    t.b.subscribe('x', (change) => changes.push(change))
    await t.b.get('x')
    await t.cluster.clock.advance(6_000)
    await t.a.assign('x', { n: 2 })
    await t.cluster.clock.advance(6_000)
    expect(t.b.peek('x')).toEqual({ n: 2 })
    await t.cluster.clock.advance(5_000)
    expect(await t.b.get('x')).toBeUndefined()
    expect(t.a.peek('x')).toBeUndefined()
    expect(changes.at(-1)).toMatchObject({ kind: 'removed', reason: 'expired' })
  })

  it('keeps a sliding document alive while it is read', async () => {
    await using t = open(defineCollection<{ n: number }>({ section: 'sliding', ttl: { after: '10s', sliding: true } }))
    await t.a.assign('x', { n: 1 })
    for (let i = 0; i < 6; i++) {
      await t.cluster.clock.advance(4_000)
      expect(await t.b.get('x')).toEqual({ n: 1 })
    }
    await t.cluster.clock.advance(11_000)
    expect(await t.b.get('x')).toBeUndefined()
  })
})
