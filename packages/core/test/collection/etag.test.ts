import {
  type Collection,
  createInstance,
  createMemoryHub,
  defineCollection,
  type Json,
  memoryBus,
  memoryStore,
  type Store,
  type SyncInstance,
} from '@sync/core'
import { createVirtualRuntime } from '@sync/core/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isJsonObject } from '../../src/model/json.ts'
import { wrapStore } from '../replica/wrapped-store.ts'
import { open } from './open.ts'

interface Doc {
  n: number
  s?: string
}

const docs = defineCollection<Doc>({ section: 'doc', ttl: 'never' })
// JSON documents of any shape
const anything = defineCollection<Record<string, Json>>({ section: 'any', ttl: 'never' })

/** JSON text with the members of every object sorted, from an independent implementation. */
function canonicalText(value: unknown): string {
  const sorted = (_name: string, part: unknown): unknown =>
    isJsonObject(part as Json)
      ? Object.fromEntries(Object.entries(part as object).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part
  return JSON.stringify(value, sorted)
}

/** Reverses the members of every object. */
function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map(reversed)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, reversed(member)]),
  )
}

/** A store that returns the fields and members of loaded documents in another order. */
const disordered = (store: Store): Store =>
  wrapStore(store, async (name, call) => {
    const answer = await call()
    if (name !== 'load') return answer
    const results = answer as Awaited<ReturnType<Store['load']>>
    return results.map((result) =>
      result.document
        ? {
            ...result,
            document: { ...result.document, text: JSON.stringify(reversed(JSON.parse(result.document.text))) },
          }
        : result,
    ) as typeof answer
  })

/** Three instances on one hub, the last one with a store that returns members in another order. */
function openThree() {
  const runtime = createVirtualRuntime()
  const hub = createMemoryHub({ runtime, maxUndoCommits: 1_000 })
  const instances = [memoryStore(hub), memoryStore(hub), disordered(memoryStore(hub))].map((store) =>
    createInstance({ store, bus: memoryBus(hub), runtime }),
  )
  const collections = instances.map((each) => each.collection(anything, { partition: 'p' }))
  const settle = async (): Promise<void> => {
    const done = Promise.all(instances.map((each) => each.catchUp()))
    await runtime.advance(5_000)
    await done
  }
  return {
    hub,
    instances: instances as [SyncInstance, SyncInstance, SyncInstance],
    collections: collections as [AnyCollection, AnyCollection, AnyCollection],
    settle,
    [Symbol.asyncDispose]: async () => {
      const closing = Promise.all(instances.map((each) => each.close()))
      await runtime.advance(20_000)
      await closing
    },
  }
}

type AnyCollection = Collection<Record<string, Json>>

const name = fc.constantFrom('a', 'b', 'B', 'c', '2', '10', '1e3', 'é', '', 'zz', 'ab')
const leaf = fc.oneof(fc.integer(), fc.constant('x'.repeat(70)), fc.constant(null))
const value: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.dictionary(name, tie('value')),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
})).value
const write = fc.record({
  by: fc.nat(2),
  kind: fc.constantFrom('assign', 'set', 'update', 'unset'),
  field: name,
  inner: name,
  value,
})

async function run(collections: readonly AnyCollection[], { by, kind, field, inner, value }: WriteOf): Promise<void> {
  const collection = collections[by] as AnyCollection
  if (kind === 'assign') await collection.assign('k', { [field]: value })
  else if (kind === 'set') await collection.set('k', { [field]: value, z: 1, [inner]: value })
  else if (kind === 'unset') await collection.unset('k', [field])
  else
    await collection.update('k', (draft) => {
      const part = draft[field]
      if (isJsonObject(part)) draft[field] = { [inner]: value, ...part }
      else draft[field] = { filler: 'x'.repeat(70), other: 'y'.repeat(70), [inner]: value }
    })
}

type WriteOf = typeof write extends fc.Arbitrary<infer W> ? W : never

describe('getEntry().etag', () => {
  it('is equal on every instance for one state, as is the JSON text, after any writes and losses', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 12 }), fc.nat(3), async (writes, lost) => {
        await using t = openThree()
        const [holder] = t.collections
        await holder.create('k', { z: 1, a: { filler: 'x'.repeat(70), b: 1 } })
        await holder.get('k')
        for (const each of writes) await run(t.collections.slice(0, 2), { ...each, by: each.by % 2 })
        t.hub.store.loseTail(Math.min(lost, writes.length - 1))
        await t.settle()
        const entries = await Promise.all(t.collections.map((each) => each.getEntry('k')))
        const [first] = entries
        for (const entry of entries) {
          expect(JSON.stringify(entry?.value)).toBe(canonicalText(first?.value))
          expect(entry?.etag).toBe(first?.etag)
        }
        // a write that requires the ETag passes on every other instance
        const etag = first?.etag
        if (etag === undefined) return
        await t.collections[2].assign('k', { checked: true }, { ifMatch: etag })
        await expect(t.collections[1].assign('k', { checked: 2 }, { ifMatch: etag })).rejects.toMatchObject({
          code: 'SYNC_CONFLICT',
        })
      }),
      { numRuns: 60 },
    )
  })

  it('survives a restart of the store', async () => {
    await using t = open(docs)
    await t.a.create('x', { n: 1 })
    const etag = (await t.a.getEntry('x'))?.etag
    t.cluster.store.restart()
    await t.cluster.settle()
    expect((await t.a.getEntry('x'))?.etag).toBe(etag)
    await t.b.assign('x', { n: 2 }, { ifMatch: etag })
  })

  it('differs when a fork gives its generation and version to other content', async () => {
    await using t = open(docs)
    await t.a.create('x', { n: 1 })
    await t.a.assign('x', { n: 2 })
    const before = await t.a.getEntry('x')
    t.cluster.store.loseTail(1)
    await t.b.assign('x', { n: 3 })
    await t.cluster.settle()
    const after = await t.a.getEntry('x')
    expect(after?.version).toBe(before?.version)
    expect(after?.etag).not.toBe(before?.etag)
  })

  it('is that of the entry that create() returns', async () => {
    await using t = open(docs)
    const { entry } = await t.a.create('x', { s: 'b', n: 1 })
    expect((await t.b.getEntry('x'))?.etag).toBe(entry.etag)
    expect(JSON.stringify(entry.value)).toBe('{"n":1,"s":"b"}')
  })

  it('is a strong entity tag', async () => {
    await using t = open(docs)
    await t.a.create('x', { n: 1 })
    expect((await t.a.getEntry('x'))?.etag).toMatch(/^"1\.1-[0-9a-f]{16}"$/)
  })
})

describe('update({ ifMatch })', () => {
  it('loads the current state before it conflicts, when the cached one is older', async () => {
    await using t = open(docs)
    await t.a.create('x', { n: 1 })
    await t.b.get('x')
    t.cluster.bus.pause()
    await t.a.assign('x', { n: 2 })
    const etag = (await t.a.getEntry('x'))?.etag
    expect(t.b.peek('x')).toEqual({ n: 1 })
    await t.b.update('x', (draft) => void draft.n++, { ifMatch: etag })
    expect(await t.b.get('x')).toEqual({ n: 3 })
  })

  it('conflicts at the store when the ETag and the cached state are both older', async () => {
    await using t = open(docs)
    await t.a.create('x', { n: 1 })
    const etag = (await t.b.getEntry('x'))?.etag
    t.cluster.bus.pause()
    await t.a.assign('x', { n: 2 })
    expect((await t.b.getEntry('x'))?.etag).toBe(etag)
    await expect(t.b.update('x', (draft) => void draft.n++, { ifMatch: etag })).rejects.toMatchObject({
      code: 'SYNC_CONFLICT',
    })
    expect(await t.a.get('x')).toEqual({ n: 2 })
  })
})
