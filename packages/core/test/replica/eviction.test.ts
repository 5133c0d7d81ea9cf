import {
  ArgumentError,
  type Change,
  type CollectionOptions,
  createInstance,
  createMemoryHub,
  defineCollection,
  memoryBus,
  memoryStore,
} from '@sync/core'
import { createVirtualRuntime } from '@sync/core/testing'
import { describe, expect, it } from 'vitest'
import { open } from '../collection/open.ts'

interface Doc {
  n: number
}
const bounded = (options: Partial<CollectionOptions<Doc>>) =>
  open(defineCollection<Doc>({ section: 'doc', ttl: 'never', ...options }))

async function fill(t: ReturnType<typeof bounded>, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await t.a.create(`k${n}`, { n })
}

describe('defineCollection({ cache })', () => {
  it.each(['section', 'document'] as const)('keeps at most maxDocuments when subscribed by %s', async (subscribeBy) => {
    await using t = bounded({ subscribeBy, cache: { maxDocuments: 10 } })
    await fill(t, 100)
    for (let n = 0; n < 100; n++) expect(await t.b.get(`k${n}`)).toEqual({ n })
    expect(t.instances[1]?.stats().documents).toBeLessThanOrEqual(11)
    // an evicted document is loaded again, with the changes since its eviction
    await t.a.assign('k0', { n: -1 })
    await t.cluster.settle()
    expect(t.b.peek('k0')).toBe(undefined)
    expect(await t.b.get('k0')).toEqual({ n: -1 })
    await t.a.assign('k0', { n: -2 })
    await t.cluster.settle()
    expect(t.b.peek('k0')).toEqual({ n: -2 })
  })

  it('does not count documents that cannot be loaded', async () => {
    const runtime = createVirtualRuntime(1)
    const hub = createMemoryHub({ runtime })
    const store = memoryStore(hub)
    await using sync = createInstance({ store, bus: memoryBus(hub), runtime })
    const definition = defineCollection<Doc>({ section: 'doc', ttl: 'never', cache: { maxDocuments: 2 } })
    const docs = sync.collection(definition, { partition: 'p' })
    for (const key of ['a', 'b']) await docs.assign(key, { n: 1 })
    const { load } = store
    store.load = async (refs) => {
      if (refs.some(({ key }) => key.startsWith('refused'))) throw new ArgumentError('no')
      return load.call(store, refs)
    }
    for (let n = 0; n < 10; n++) await expect(docs.get(`refused${n}`)).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    for (const key of ['a', 'b']) await docs.get(key)
    expect(sync.stats().documents).toBe(2)
  })

  it('keeps documents that are read often', async () => {
    await using t = bounded({ cache: { maxDocuments: 10 } })
    await fill(t, 100)
    await t.b.get('k0')
    for (let n = 1; n < 100; n++) {
      await t.b.get(`k${n}`)
      expect(t.b.peek('k0')).toEqual({ n: 0 })
    }
  })

  it('keeps a watched document', async () => {
    await using t = bounded({ cache: { maxDocuments: 2 } })
    await fill(t, 10)
    const received: Change<Doc>[] = []
    t.b.subscribe('k0', (change) => received.push(change))
    await t.b.get('k0')
    for (let n = 1; n < 10; n++) await t.b.get(`k${n}`)
    await t.a.assign('k0', { n: 5 })
    await t.cluster.settle()
    expect(received).toMatchObject([{ kind: 'changed', previous: { n: 0 }, value: { n: 5 } }])
  })

  it('evicts a document that is not read for maxIdle', async () => {
    await using t = bounded({ cache: { maxIdle: '10m' } })
    await fill(t, 2)
    await t.b.get('k0')
    await t.b.get('k1')
    for (let minute = 0; minute < 20; minute++) {
      await t.cluster.clock.advance(60_000)
      t.b.peek('k1')
    }
    expect(t.b.peek('k0')).toBe(undefined)
    expect(t.b.peek('k1')).toEqual({ n: 1 })
  })

  it('unsubscribes from an evicted document when subscribed by document', async () => {
    await using t = bounded({ subscribeBy: 'document', cache: { maxIdle: '1m' } })
    await fill(t, 3)
    for (let n = 0; n < 3; n++) await t.b.get(`k${n}`)
    await t.cluster.clock.advance(200_000)
    const before = t.instances[1]?.stats().receivedBytes
    await t.a.assign('k0', { n: 9 })
    await t.cluster.clock.advance(1_000)
    expect(t.instances[1]?.stats().receivedBytes).toBe(before)
    expect(await t.b.get('k0')).toEqual({ n: 9 })
  })

  it.each([
    [{ replicate: 'all', cache: { maxDocuments: 5 } }],
    [{ replicate: 'all', source: async () => ({ n: 1 }) }],
    [{ cache: { maxDocuments: 0 } }],
    [{ cache: { maxIdle: 'soon' } }],
  ] as unknown as [Partial<CollectionOptions<Doc>>][])('rejects invalid bounds: %j', (options) => {
    expect(() => defineCollection<Doc>({ section: 'doc', ttl: 'never', ...options })).toThrow(
      expect.objectContaining({ code: 'SYNC_ARGUMENT' }),
    )
  })
})

describe('close()', () => {
  it('rejects a read whose document was evicted just before its reload', async () => {
    // the eviction may happen at any step before the reload
    for (let moment = 0; moment < 12; moment++) {
      const runtime = createVirtualRuntime(1)
      const hub = createMemoryHub({ runtime })
      const store = memoryStore(hub)
      const sync = createInstance({ store, bus: memoryBus(hub), runtime })
      const definition = defineCollection<Doc>({ section: 'doc', ttl: 'never', cache: { maxDocuments: 1 } })
      const docs = sync.collection(definition, { partition: 'p' })
      const { position } = await docs.assign('x', { n: 1 })
      await docs.get('x')
      store.load = () => new Promise(() => {})
      let rejections = 0
      const countRejection = (): void => void rejections++
      docs.get('x', { after: position.replace(/\..*/, '.elsewhere') }).catch(countRejection)
      for (let step = 0; step < moment; step++) await undefined
      docs.get('y').catch(countRejection)
      await runtime.advance(1)
      const closing = sync.close()
      await runtime.advance(10_000)
      await closing
      expect([moment, rejections]).toEqual([moment, 2])
    }
  })
})
