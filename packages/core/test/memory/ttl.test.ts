import { beforeEach, describe, expect, it } from 'vitest'
import { createMemoryHub, type MemoryHub, memoryStore } from '../../src/memory/index.ts'
import { createManualRuntime, type ManualRuntime } from './manual-runtime.ts'
import { committed, keysOf, Writer } from './writer.ts'

let hub: MemoryHub
let runtime: ManualRuntime
let writer: Writer
beforeEach(async () => {
  runtime = createManualRuntime()
  hub = createMemoryHub({ runtime, maxUndoCommits: 4 })
  writer = await Writer.open(memoryStore(hub))
})

const section = { partition: 'eu', section: 'product' }

describe('commit({ ttl })', () => {
  it('expires a document after its TTL to the millisecond, and reports the remaining time', async () => {
    await writer.write('k', { a: '1' }, { ttl: 100 })
    runtime.advance(99)
    expect((await writer.load('k')).document?.expiresIn).toBe(1)
    runtime.advance(1)
    expect((await writer.load('k')).document).toBeUndefined()
  })

  it('keeps a document forever without a TTL, and reports no remaining time', async () => {
    await writer.write('k', { a: '1' })
    runtime.advance(1e15)
    expect((await writer.load('k')).document).not.toHaveProperty('expiresIn')
  })

  it('restarts the TTL with every commit, or ends it', async () => {
    await writer.write('k', { a: '1' }, { ttl: 100 })
    runtime.advance(60)
    await writer.write('k', { a: '2' }, { ttl: 100 })
    runtime.advance(60)
    expect((await writer.load('k')).document?.expiresIn).toBe(40)
    await writer.write('k', { a: '3' })
    runtime.advance(1_000)
    expect(await writer.value('k')).toEqual({ a: 3 })
  })

  it('does not restart the TTL when there is nothing to write', async () => {
    await writer.write('k', { a: '1' }, { ttl: 100 })
    runtime.advance(60)
    expect((await writer.write('k', { b: undefined }, { ttl: 100 })).status).toBe('unchanged')
    expect((await writer.load('k')).document?.expiresIn).toBe(40)
  })
})

describe('touch()', () => {
  it('restarts the TTL, changes nothing else and ignores absent documents', async () => {
    await writer.write('k', { a: '1' }, { ttl: 100 })
    runtime.advance(60)
    const before = hub.store.inspect(section)?.state
    await writer.store.touch([
      { ref: writer.ref('none'), ttl: 100 },
      { ref: writer.ref('k'), ttl: 70 },
    ])
    expect((await writer.load('k')).document).toMatchObject({ version: 1, expiresIn: 70, changedAt: 1_000 })
    expect(hub.store.inspect(section)?.state).toEqual(before)
    runtime.advance(70)
    await writer.store.touch([{ ref: writer.ref('k'), ttl: 100 }])
    expect(await writer.value('k')).toBeUndefined()
  })

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e19])('rejects a TTL of %d', async (ttl) => {
    await expect(writer.store.touch([{ ref: writer.ref('k'), ttl }])).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
  })
})

describe('an expired document', () => {
  beforeEach(async () => {
    await writer.write('k', { a: '1' }, { ttl: 100 })
    await writer.write('other', { a: '1' })
    runtime.advance(100)
  })

  it('is absent for every read, and its expiry advances no counter and adds no change', async () => {
    const [head] = await writer.store.heads([{ scope: writer.ref('k') }])
    expect(head).toMatchObject({ document: { generation: 0, version: 0 }, state: { sequence: 2 } })
    expect(await keysOf(writer.store, section)).toEqual(['other'])
    expect([...(hub.store.inspect(section)?.documents.keys() ?? [])]).toEqual(['other'])
    expect((await writer.store.changesSince(section, { ...writer.state, sequence: 0 }, 9)).changes).toHaveLength(2)
  })

  it('fails a precondition as absent', async () => {
    const expectation = { readAt: writer.state, generation: 1, version: 1 }
    const result = await writer.write('k', { a: '2' }, { expect: expectation })
    expect(result).toMatchObject({ status: 'conflict', reason: 'absent', current: { generation: 0, version: 0 } })
  })

  it('is re-created as a new document without the old content', async () => {
    const result = await writer.write('k', { b: '1' }, { expect: { readAt: writer.state, generation: 0 } })
    expect(committed(result)).toMatchObject({ generation: 3, version: 1 })
    expect(result).toMatchObject({ existed: false })
    expect(await writer.value('k')).toEqual({ b: 1 })
  })

  it('is deleted as an absent document', async () => {
    expect(await writer.delete('k')).toMatchObject({ existed: false, generation: 3, version: 1 })
  })

  it('exists again when the commit that shortened its TTL is lost', async () => {
    await writer.write('long', { a: '1' }, { ttl: 10_000 })
    await writer.write('long', { a: '2' }, { ttl: 10 })
    runtime.advance(10)
    for (const key of ['x', 'y', 'z']) await writer.write(key, { a: '1' })
    expect(await writer.value('long')).toBeUndefined()
    hub.store.loseTail(4)
    expect(await writer.value('long')).toEqual({ a: 1 })
  })
})

describe('memory of expired documents', () => {
  it('is released without a timer', async () => {
    const lifetime = 50
    let maxKept = 0
    for (let i = 0; i < 3_000; i++) {
      committed(await writer.write(`session-${i}`, { a: '1' }, { ttl: lifetime }))
      runtime.advance(1)
      maxKept = Math.max(maxKept, hub.store.inspect(section)?.heldCount ?? 0)
    }
    expect(maxKept).toBeLessThan(4 * lifetime)
    expect(runtime.pending).toBe(0)
  })

  it('is released among documents that never expire', async () => {
    for (let i = 0; i < 200; i++) await writer.write(`user-${i}`, { a: '1' })
    for (let i = 0; i < 3_000; i++) {
      await writer.write(`session-${i}`, { a: '1' }, { ttl: 50 })
      runtime.advance(1)
    }
    const { documents, heldCount } = hub.store.inspect(section) ?? {}
    expect(documents?.size).toBe(249)
    expect(heldCount).toBeLessThan(800)
  })
})
