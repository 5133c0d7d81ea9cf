import { beforeEach, describe, expect, it } from 'vitest'
import { createMemoryHub, type MemoryHub, memoryStore } from '../../src/memory/index.ts'
import { ArgumentError, ClosedError } from '../../src/model/errors.ts'
import type { CommitRequest, Store } from '../../src/transport/store.ts'
import { createManualRuntime } from './manual-runtime.ts'
import { committed, keysOf, Writer } from './writer.ts'

let hub: MemoryHub
let store: Store
let writer: Writer
beforeEach(async () => {
  hub = createMemoryHub({ runtime: createManualRuntime() })
  store = memoryStore(hub)
  writer = await Writer.open(store)
})

const section = { partition: 'eu', section: 'product' }
const position = { epoch: 'id1', sequence: 0 }

/** Every store call, with arguments that succeed. */
const calls: [string, (of: Store) => Promise<unknown>][] = [
  ['load', (of) => of.load([writer.ref('k')])],
  ['commit', (of) => of.commit([writer.request('k', { a: '1' })])],
  ['changesSince', (of) => of.changesSince(section, position, 9)],
  ['heads', (of) => of.heads([{ scope: section }])],
  ['touch', (of) => of.touch([{ ref: writer.ref('k'), ttl: 1 }])],
  ['keys', (of) => keysOf(of, section)],
]

describe('memoryStore()', () => {
  it('shares data between the clients of one hub, and not between hubs', async () => {
    await writer.write('k', { a: '1' })
    expect(await (await Writer.open(memoryStore(hub))).value('k')).toEqual({ a: 1 })
    expect(await (await Writer.open(memoryStore())).value('k')).toBeUndefined()
  })

  it('closes one client without affecting others, any number of times', async () => {
    const other = memoryStore(hub)
    await other.close()
    await other.close()
    expect((await writer.write('k', { a: '1' })).status).toBe('committed')
  })

  it.each(calls)('rejects %s after close()', async (_, call) => {
    await store.close()
    await expect(call(store)).rejects.toBeInstanceOf(ClosedError)
  })

  it('closes with its `using` block', async () => {
    let kept: Store
    {
      await using used = memoryStore(hub)
      kept = used
      await used.heads([{ scope: section }])
    }
    await expect(kept.heads([{ scope: section }])).rejects.toMatchObject({ code: 'SYNC_CLOSED' })
  })

  it('rejects a hub that createMemoryHub() did not create', () => {
    expect(() => memoryStore({ ...hub })).toThrow(ArgumentError)
  })
})

describe('store calls', () => {
  it.each(calls)('answer %s asynchronously', async (_, call) => {
    let answered = false
    const answer = call(store).then(() => {
      answered = true
    })
    expect(answered).toBe(false)
    await answer
  })

  const nameless: [string, object][] = [
    ['partition', { partition: '', section: 's', key: 'k' }],
    ['section', { partition: 'p', section: '', key: 'k' }],
    ['key', { partition: 'p', section: 's', key: '' }],
  ]
  it.each(nameless)('reject an empty %s without any effect', async (_, ref) => {
    const bad = ref as CommitRequest['ref']
    for (const call of [
      store.load([writer.ref('k'), bad]),
      store.changesSince(bad, position, 9),
      store.heads([{ scope: bad }]),
      store.touch([{ ref: bad, ttl: 1 }]),
    ]) {
      await expect(call).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    }
  })

  it('reject a document reference without a key', async () => {
    await expect(store.load([section as CommitRequest['ref']])).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
  })
})

describe('keys()', () => {
  it('returns the keys of this section and partition, each once', async () => {
    for (const key of ['a', 'b', 'gone']) await writer.write(key, { a: '1' })
    await writer.delete('gone')
    const other = await Writer.open(store, 'products')
    await other.write('c', { a: '1' })
    expect(await keysOf(store, section)).toEqual(['a', 'b'])
    expect(await keysOf(store, { partition: 'e', section: 'uproduct' })).toEqual([])
  })

  it('returns only keys with the prefix, without wildcards', async () => {
    for (const key of ['order:1', 'order:2', 'orders', '*', '.*']) await writer.write(key, { a: '1' })
    expect(await keysOf(store, section, 'order:')).toEqual(['order:1', 'order:2'])
    expect(await keysOf(store, section, '*')).toEqual(['*'])
  })

  it('returns keys whose second surrogate follows the prefix', async () => {
    for (const key of ['a', '\u{1f600}', '\u{1f601}', 'z']) await writer.write(key, { a: '1' })
    expect(await keysOf(store, section, '\ud83d')).toEqual(['\u{1f600}', '\u{1f601}'])
  })

  it('rejects a limit below 1 and a cursor that is not a string', async () => {
    await expect(store.keys(section, { limit: 0 })).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    const after = 1 as unknown as string
    await expect(store.keys(section, { limit: 1, after })).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
  })
})

describe('store arguments and results', () => {
  it('can be changed by the caller after the call without affecting the store', async () => {
    const fields = [{ field: 'a', whole: '1' }]
    const meta = { actor: 'ann' }
    const request = { ...writer.request('k', {}, { fields, meta }) }
    const answer = store.commit([request])
    fields[0] = { field: 'a', whole: '2' }
    fields.push({ field: 'b', whole: '2' })
    meta.actor = 'bob'
    expect(committed((await answer)[0])).toMatchObject({ edits: [{ value: 1 }], meta: { actor: 'ann' } })
    expect(await writer.value('k')).toEqual({ a: 1 })
  })

  it('can be changed by the caller while the store is paused', async () => {
    const fields = [{ field: 'a', whole: '1' }]
    hub.store.pause()
    const answer = store.commit([writer.request('k', {}, { fields })])
    fields[0] = { field: 'a', whole: '2' }
    hub.store.resume()
    expect(committed((await answer)[0]).edits).toMatchObject([{ value: 1 }])
  })

  it('share no object with the store', async () => {
    hub.store.restart()
    await writer.catchUp()
    const requests = [
      writer.request('k', { a: '1' }),
      writer.request('k', { none: undefined }),
      writer.request('k', { a: '2' }, { expect: { readAt: position, generation: 0 } }),
    ]
    const answers = await store.commit(requests)
    expect(answers.map(({ status }) => status)).toEqual(['committed', 'unchanged', 'conflict'])
    const read = [await writer.load('k'), await store.changesSince(section, position, 9)]
    const held = structuredClone(hub.store.inspect(section))
    const remembered = structuredClone(await store.commit(requests))
    const spoil = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      for (const name of Object.keys(value)) {
        spoil(Reflect.get(value, name))
        Reflect.set(value, name, 'spoilt')
      }
    }
    for (const answer of [...answers, ...read]) spoil(answer)
    expect(hub.store.inspect(section)).toEqual(held)
    expect(await store.commit(requests)).toEqual(remembered)
  })
})

describe('hub.store', () => {
  const lost = { code: 'SYNC_STORE_UNAVAILABLE', retryable: true }

  it.each(calls)('rejects %s while unavailable, and keeps its data', async (name, call) => {
    await writer.write('before', { a: '1' })
    const before = hub.store.inspect(section)
    hub.store.makeUnavailable()
    await expect(call(store)).rejects.toMatchObject({ ...lost, committed: name === 'commit' ? 'unknown' : 'no' })
    expect(hub.store.inspect(section)).toEqual(before)
    hub.store.makeAvailable()
    await call(store)
  })

  it.each(calls)('holds %s while paused', async (_, call) => {
    hub.store.pause()
    let answered = false
    const answer = call(store).then(() => {
      answered = true
    })
    await new Promise(setImmediate)
    expect(answered).toBe(false)
    hub.store.resume()
    await answer
  })

  it('runs held calls in order after resume(), before later ones', async () => {
    hub.store.pause()
    const held = ['1', '2', '3'].map((a) => writer.write('k', { a }))
    hub.store.resume()
    const later = writer.write('k', { a: '4' })
    expect((await Promise.all([...held, later])).map((result) => committed(result).version)).toEqual([1, 2, 3, 4])
  })

  it('rejects held calls when it becomes unavailable', async () => {
    hub.store.pause()
    const [write, read] = [writer.write('k', { a: '1' }), writer.load('k')]
    hub.store.makeUnavailable()
    await expect(write).rejects.toMatchObject({ ...lost, committed: 'unknown' })
    await expect(read).rejects.toMatchObject({ ...lost, committed: 'no' })
    hub.store.makeAvailable()
    hub.store.resume()
    expect(await writer.value('k')).toBeUndefined()
  })

  it('rejects the held calls of a client that closes, and of no other', async () => {
    const other = await Writer.open(memoryStore(hub))
    hub.store.pause()
    const [mine, theirs] = [writer.write('k', { a: '1' }), other.write('k', { a: '2' })]
    await store.close()
    await expect(mine).rejects.toBeInstanceOf(ClosedError)
    hub.store.resume()
    expect(committed(await theirs).version).toBe(1)
    expect(await other.value('k')).toEqual({ a: 2 })
  })

  it('loses the requested number of commit replies after executing the commits', async () => {
    hub.store.loseReplies(2)
    expect((await writer.load('k')).document).toBeUndefined()
    for (const a of ['1', '2'])
      await expect(writer.write('k', { a })).rejects.toMatchObject({ ...lost, committed: 'unknown' })
    expect(await writer.value('k')).toEqual({ a: 2 })
    expect(committed(await writer.write('k', { a: '3' })).version).toBe(3)
  })

  it('can be inspected without changing it', () => {
    hub.store.restart()
    const before = hub.store.inspect(section)
    expect(before?.state.ancestors).toEqual([])
    expect(hub.store.inspect(section)).toEqual(before)
    expect(hub.store.inspect({ partition: 'eu', section: 'unknown' })).toBeUndefined()
  })
})

describe('createMemoryHub()', () => {
  it.each([
    { maxChanges: -1 },
    { maxChanges: 1.5 },
    { maxAge: 0 },
    { maxAge: '1 hour' as '1h' },
    { maxOpResults: 1 },
    { maxOpResultChars: 0 },
    { opResultTtl: Number.NaN },
    { lineageDepth: -1 },
    { maxUndoCommits: Number.POSITIVE_INFINITY },
    { maxPayloadBytes: 0 },
    { maxCommitBytes: 0 },
  ])('rejects %o and names the option', (options) => {
    expect(() => createMemoryHub(options)).toThrow(ArgumentError)
    expect(() => createMemoryHub(options)).toThrow(Object.keys(options)[0])
  })
})

describe('capabilities', () => {
  it('state the TTL granularity, durability and commit size', () => {
    const { capabilities } = memoryStore()
    expect(capabilities).toEqual({ ttl: { granularityMs: 1 }, durability: 'none', maxCommitBytes: 16 * 1_048_576 })
  })
})
