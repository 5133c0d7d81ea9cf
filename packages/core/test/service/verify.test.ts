import {
  ArgumentError,
  type Change,
  createInstance,
  createMemoryHub,
  defineCollection,
  memoryBus,
  memoryStore,
  type Store,
  type SyncEvent,
} from '@sync/core'
import { createVirtualRuntime } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'
import { open } from '../collection/open.ts'

interface Doc {
  n: number
}
const docs = defineCollection<Doc>({ section: 'doc', ttl: 'never' })
const all = defineCollection<Doc>({ section: 'doc', ttl: 'never', replicate: 'all' })
const ref = { partition: 'p', section: 'doc' }

/** A store that can return wrong documents. */
function openFaultyStore(): {
  store: Store
  hub: ReturnType<typeof createMemoryHub>
  runtime: ReturnType<typeof createVirtualRuntime>
  /** Keys of documents for which it returns a wrong text. */
  wrong: Set<string>
  /** Keys of documents that it no longer returns. */
  lost: Set<string>
} {
  const runtime = createVirtualRuntime(1)
  const hub = createMemoryHub({ runtime })
  const innerStore = memoryStore(hub)
  const wrong = new Set<string>()
  const lost = new Set<string>()
  const store: Store = Object.assign(Object.create(innerStore), {
    capabilities: innerStore.capabilities,
    load: async (refs: Parameters<Store['load']>[0]) =>
      (await innerStore.load(refs)).map((loaded, at) => {
        const { key = '' } = refs[at] ?? {}
        if (lost.has(key)) return { state: loaded.state }
        return loaded.document && wrong.has(key)
          ? { ...loaded, document: { ...loaded.document, text: '{"n":-1}' } }
          : loaded
      }),
    ...Object.fromEntries(
      (['commit', 'changesSince', 'heads', 'touch', 'keys', 'close'] as const).map((name) => [
        name,
        (innerStore[name] as (...args: unknown[]) => unknown).bind(innerStore),
      ]),
    ),
  })
  return { store, hub, runtime, wrong, lost }
}

describe('verify()', () => {
  it('compares all or a sample of the cached documents with the store', async () => {
    await using t = open(all)
    for (let n = 0; n < 300; n++) await t.a.create(`k${n}`, { n })
    await t.cluster.settle()
    expect(await t.instances[1]?.verify()).toEqual({ checked: 300, differing: [], score: 1 })
    expect(await t.instances[1]?.verify({ sample: 20 })).toEqual({ checked: 20, differing: [], score: 1 })
    expect(await t.instances[1]?.verify({ section: { partition: 'eu', section: 'other' } })).toMatchObject({
      checked: 0,
      score: 1,
    })
  })

  it('catches up a stale replica without reporting a difference', async () => {
    await using t = open(docs)
    await t.a.create('x', { n: 1 })
    await t.b.get('x')
    t.cluster.bus.drop(9)
    await t.a.assign('x', { n: 2 })
    expect(await t.instances[1]?.verify()).toEqual({ checked: 1, differing: [], score: 1 })
    expect(t.b.peek('x')).toEqual({ n: 2 })
  })

  it('reports and reloads a wrong replica, and notifies its watchers', async () => {
    const { store, hub, runtime, wrong } = openFaultyStore()
    const sync = createInstance({ store, bus: memoryBus(hub), runtime })
    await using _ = sync
    const events: SyncEvent[] = []
    sync.onEvent((event) => {
      if (event.type === 'inconsistent') events.push(event)
    })
    const collection = sync.collection(docs, { partition: 'p' })
    await collection.assign('x', { n: 1 })
    await collection.assign('y', { n: 1 })
    wrong.add('x')
    expect(await collection.get('x')).toEqual({ n: -1 })
    await collection.get('y')
    wrong.clear()
    const received: Change<Doc>[] = []
    collection.subscribe('x', (change) => received.push(change))
    const stream = collection.changes()[Symbol.asyncIterator]()
    const next = stream.next()
    await runtime.advance(1)
    expect(await sync.verify()).toEqual({ checked: 2, differing: [{ ...ref, key: 'x' }], score: 0.5 })
    expect(events).toMatchObject([{ type: 'inconsistent', ...ref, key: 'x', version: 1 }])
    expect(sync.stats().consistency).toBe(0.5)
    await runtime.advance(1)
    expect(await collection.get('x')).toEqual({ n: 1 })
    expect(received).toMatchObject([{ kind: 'reset', value: { n: 1 } }])
    expect((await next).value).toMatchObject([{ kind: 'reset', key: 'x', value: { n: 1 } }])
    expect(await sync.verify()).toMatchObject({ score: 1 })
    expect(sync.stats().consistency).toBe(1)
    await stream.return?.()
  })

  it('reports a document that the store lost without a commit', async () => {
    const { store, hub, runtime, lost } = openFaultyStore()
    await using sync = createInstance({ store, bus: memoryBus(hub), runtime })
    const collection = sync.collection(docs, { partition: 'p' })
    for (const key of ['x', 'y']) {
      await collection.assign(key, { n: 1 })
      await collection.get(key)
    }
    lost.add('x')
    expect(await sync.verify()).toEqual({ checked: 2, differing: [{ ...ref, key: 'x' }], score: 0.5 })
    expect(await collection.get('x')).toBe(undefined)
  })

  it('reports no difference when a document expires in the store slightly earlier', async () => {
    const brief = defineCollection<Doc>({ section: 'doc', ttl: '1m' })
    await using t = open(brief)
    t.cluster.bus.delay(500)
    await t.b.get('x')
    await t.a.create('x', { n: 1 })
    const received: Change<Doc>[] = []
    t.b.subscribe('x', (change) => received.push(change))
    await t.cluster.clock.advance(60_200)
    expect(t.b.peek('x')).toEqual({ n: 1 })
    expect(await t.instances[1]?.verify()).toMatchObject({ differing: [] })
    expect(received).toMatchObject([{ kind: 'created' }, { kind: 'removed', reason: 'expired' }])
  })

  it('reports no difference when a document expires while the reply is in flight', async () => {
    const { store, hub, runtime } = openFaultyStore()
    await using sync = createInstance({ store, bus: memoryBus(hub), runtime })
    const brief = defineCollection<Doc>({ section: 'doc', ttl: '1m' })
    const collection = sync.collection(brief, { partition: 'p' })
    await collection.assign('x', { n: 1 })
    await collection.get('x')
    await runtime.advance(59_000)
    const { load } = store
    store.load = async (refs) => {
      const answer = await load(refs)
      store.load = load
      await runtime.advance(2_000)
      expect(await collection.get('x')).toBeUndefined()
      return answer
    }
    expect(await sync.verify()).toMatchObject({ differing: [] })
  })

  it('reports no difference when a change overtakes the reply', async () => {
    const { store, hub, runtime } = openFaultyStore()
    await using sync = createInstance({ store, bus: memoryBus(hub), runtime })
    const collection = sync.collection(docs, { partition: 'p' })
    await collection.assign('x', { n: 1 })
    await collection.get('x')
    const { load } = store
    store.load = async (refs) => {
      const answer = await load(refs)
      store.load = load
      await collection.assign('x', { n: 2 })
      return answer
    }
    expect(await sync.verify()).toEqual({ checked: 1, differing: [], score: 1 })
  })
})

describe('createInstance({ verification })', () => {
  it('verifies periodically', async () => {
    const { store, hub, runtime, wrong } = openFaultyStore()
    const sync = createInstance({
      store,
      bus: memoryBus(hub),
      runtime,
      verification: { interval: '1m', sample: 'all' },
    })
    await using _ = sync
    const collection = sync.collection(docs, { partition: 'p' })
    await collection.assign('x', { n: 1 })
    wrong.add('x')
    await collection.get('x')
    wrong.clear()
    await runtime.advance(70_000)
    expect(collection.peek('x')).toEqual({ n: 1 })
  })

  it('emits an error event when a periodic verification fails', async () => {
    const { store, hub, runtime } = openFaultyStore()
    await using sync = createInstance({ store, bus: memoryBus(hub), runtime, verification: { interval: '1m' } })
    const failed: SyncEvent[] = []
    sync.onEvent((event) => event.type === 'error' && failed.push(event))
    const collection = sync.collection(docs, { partition: 'p' })
    await collection.assign('x', { n: 1 })
    await collection.get('x')
    const error = new ArgumentError('not so')
    store.load = () => Promise.reject(error)
    await runtime.advance(70_000)
    expect(failed).toMatchObject([{ ...ref, error }])
  })
})

describe('createInstance()', () => {
  it.each([
    [{ verification: { interval: 'often' } }],
    [{ verification: { interval: '1m', sample: 0 } }],
    [{ maxPendingWrites: 0 }],
    [{ maxRecentConflicts: -1 }],
  ])('rejects invalid options: %j', (options) => {
    const hub = createMemoryHub()
    expect(() => createInstance({ store: memoryStore(hub), bus: memoryBus(hub), ...(options as object) })).toThrow(
      expect.objectContaining({ code: 'SYNC_ARGUMENT' }),
    )
  })
})

describe('createInstance({ maxPendingWrites })', () => {
  it('rejects further writes and loses none', async () => {
    await using t = open(docs, { maxPendingWrites: 2 })
    t.cluster.store.makeUnavailable()
    const waiting = [t.a.assign('x', { n: 1 }), t.a.assign('y', { n: 2 })]
    await expect(t.a.assign('z', { n: 3 })).rejects.toMatchObject({ code: 'SYNC_LIMIT', committed: 'no' })
    t.cluster.store.makeAvailable()
    await t.cluster.clock.advance(5_000)
    await Promise.all(waiting)
    expect(await t.a.get('y')).toEqual({ n: 2 })
  })
})
