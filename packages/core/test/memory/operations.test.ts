import { beforeEach, describe, expect, it } from 'vitest'
import { createMemoryHub, type MemoryHub, type MemoryHubOptions, memoryStore } from '../../src/memory/index.ts'
import { createManualRuntime, type ManualRuntime } from './manual-runtime.ts'
import { committed, Writer } from './writer.ts'

let hub: MemoryHub
let runtime: ManualRuntime
let writer: Writer

async function open(options: MemoryHubOptions = {}): Promise<void> {
  runtime = createManualRuntime()
  hub = createMemoryHub({ runtime, maxUndoCommits: 16, ...options })
  writer = await Writer.open(memoryStore(hub))
}
beforeEach(() => open())

describe('commit() with an op id', () => {
  it('runs once: a repeat returns the same change and the current state', async () => {
    const request = writer.request('k', { a: '1' })
    const first = await writer.send(request)
    await writer.write('k', { a: '2' })
    const again = await writer.send(request)
    expect(committed(again)).toEqual(committed(first))
    expect(again).toMatchObject({ generation: 1, version: 1, existed: false, state: { sequence: 2, opResultCount: 2 } })
    expect(await writer.value('k')).toEqual({ a: 2 })
  })

  it('runs once when it appears twice in one call, and answers both', async () => {
    const request = writer.request('k', { a: '1' })
    const [first, second] = await writer.store.commit([request, request])
    expect(committed(second)).toEqual(committed(first))
    expect(second?.state.sequence).toBe(1)
  })

  it('returns the delta again when the first result was a delta', async () => {
    await writer.write('k', { a: '{"n":1}' })
    const fields = [{ field: 'a', whole: '{"n":2}', delta: { ops: '[[2,"/n",2]]', base: 1 } }]
    const request = writer.request('k', {}, { fields, expect: { readAt: writer.state, generation: 1 } })
    const first = await writer.send(request)
    expect(committed(await writer.send(request))).toEqual(committed(first))
    expect(committed(first).edits).toMatchObject([{ kind: 'delta' }])
  })

  it('remembers that there was nothing to write, even when that changes later', async () => {
    await writer.write('k', { a: '1' })
    const request = writer.request('k', { b: undefined })
    expect((await writer.send(request)).status).toBe('unchanged')
    await writer.write('k', { b: '1' })
    expect(await writer.send(request)).toMatchObject({ status: 'unchanged', current: { version: 1 } })
    expect(await writer.value('k')).toEqual({ a: 1, b: 1 })
  })

  it('runs once when the first reply was lost', async () => {
    const request = writer.request('k', { n: '1' })
    hub.store.loseReplies()
    await expect(writer.send(request)).rejects.toMatchObject({ code: 'SYNC_STORE_UNAVAILABLE', committed: 'unknown' })
    expect(committed(await writer.send(request)).version).toBe(1)
    expect(writer.state.sequence).toBe(1)
  })
})

describe('commit() attempts', () => {
  const stale = { readAt: { epoch: 'id1', sequence: 0 }, generation: 0 }

  it('repeats a conflict for the same and earlier attempts, and runs a later one', async () => {
    await writer.write('k', { a: '1' })
    const request = writer.request('k', { a: '2' }, { expect: stale })
    const second = { ...request, op: { ...request.op, attempt: 2 } }
    expect((await writer.send(second)).status).toBe('conflict')
    await writer.delete('k')
    expect((await writer.send(second)).status).toBe('conflict')
    expect((await writer.send(request)).status).toBe('conflict')
    expect((await writer.send({ ...request, op: { ...request.op, attempt: 3 } })).status).toBe('committed')
  })

  it('repeats a commit for every attempt', async () => {
    const request = writer.request('k', { a: '1' }, { op: { id: 'x', attempt: 2, idOrigin: writer.state } })
    const first = await writer.send(request)
    for (const attempt of [1, 2, 3]) {
      const again = await writer.send({ ...request, op: { ...request.op, attempt } })
      expect(committed(again)).toEqual(committed(first))
    }
  })

  it('keeps the commit when a late copy of the conflicting attempt arrives after it', async () => {
    await writer.write('k', { a: '1' })
    const first = writer.request('k', { a: 'first' }, { expect: stale })
    await writer.send(first)
    const second = { ...first, op: { ...first.op, attempt: 2 }, expect: await writer.expectation('k') }
    await writer.send(second)
    expect((await writer.send(first)).status).toBe('committed')
    expect(writer.state.sequence).toBe(2)
  })
})

describe('op memory', () => {
  it('keeps the last maxOpResults results and rejects operations that it may have forgotten', async () => {
    await open({ maxOpResults: 4 })
    const requests = Array.from({ length: 5 }, (_, i) => writer.request(`k${i}`, { a: String(i) }))
    for (const request of requests) await writer.send(request)
    const opResultCount = []
    for (const request of requests) opResultCount.push((await writer.send(request)).status)
    expect(opResultCount).toEqual(['op-expired', 'op-expired', 'committed', 'committed', 'committed'])
    expect(writer.state).toMatchObject({ sequence: 5, opResultCount: 5 })
  })

  it('rejects an operation from before the window, even if it never arrived', async () => {
    await open({ maxOpResults: 4 })
    const late = writer.request('late', { a: '1' })
    for (let i = 0; i < 4; i++) await writer.write('k', { a: String(i) })
    const inTime = writer.request('k', { a: '1' }, { op: { ...late.op, id: 'in time' } })
    expect((await writer.send(inTime)).status).toBe('committed')
    expect((await writer.send(late)).status).toBe('op-expired')
    expect(await writer.value('late')).toBeUndefined()
  })

  it('keeps results regardless of time', async () => {
    const request = writer.request('k', { a: '1' })
    await writer.send(request)
    runtime.advance(1e12)
    expect((await writer.send(request)).status).toBe('committed')
    expect(writer.state.sequence).toBe(1)
  })

  it('forgets earlier when the changes it keeps are large', async () => {
    await open({ maxOpResultChars: 1_000 })
    const first = writer.request('k', { a: '1' })
    await writer.send(first)
    for (let i = 0; i < 2; i++) await writer.write('k', { a: `"${'x'.repeat(600)}"` })
    expect((await writer.send(first)).status).toBe('committed')
    await writer.write('k', { a: '2' })
    await writer.write('k', { a: '3' })
    expect((await writer.send(first)).status).toBe('op-expired')
  })

  it('survives a restart: operations run once, and results state the new epoch', async () => {
    const request = writer.request('k', { a: '1' })
    const first = await writer.send(request)
    hub.store.restart()
    const again = await writer.send(request)
    expect(committed(again)).toEqual(committed(first))
    expect(again.state.epoch).not.toBe(first.state.epoch)
  })

  it('loses results with the lost tail, rejects the old epoch and runs the id once in the new one', async () => {
    await writer.write('k', { n: '1' })
    const request = writer.request('k', { n: '2' })
    await writer.send(request)
    hub.store.loseTail(1)
    expect((await writer.send(request)).status).toBe('stale-epoch')
    expect(await writer.value('k')).toEqual({ n: 1 })
    const again = { ...request, epoch: writer.state.epoch }
    expect(committed(await writer.send(again)).version).toBe(2)
    expect((await writer.send(again)).state.sequence).toBe(2)
  })

  it('judges an operation from an ancestor epoch by the results up to the fork', async () => {
    await open({ maxOpResults: 4 })
    for (let i = 0; i < 4; i++) await writer.write('k', { a: String(i) })
    const idOrigin = { epoch: writer.state.epoch, opResultCount: 1_000_000 }
    hub.store.restart()
    await writer.catchUp()
    const send = async (id: string): Promise<string> =>
      (await writer.write('k', { a: '1' }, { op: { id, attempt: 1, idOrigin } })).status
    expect(await send('one')).toBe('committed')
    for (let i = 0; i < 3; i++) await writer.write('k', { a: String(i) })
    // the window begins at 4 now, where the ancestor ended
    expect(await send('two')).toBe('committed')
    await writer.write('k', { a: '9' })
    expect(await send('three')).toBe('op-expired')
  })

  it('rejects an operation from an unknown epoch', async () => {
    const idOrigin = { epoch: 'unknown', opResultCount: 0 }
    expect((await writer.write('k', { a: '1' }, { op: { id: 'x', attempt: 1, idOrigin } })).status).toBe('op-expired')
  })

  it('keeps no result that decided nothing', async () => {
    const request = writer.request('k', { a: '1' }, { epoch: 'another' })
    expect((await writer.send(request)).status).toBe('stale-epoch')
    expect(writer.state.opResultCount).toBe(0)
    expect((await writer.send({ ...request, epoch: writer.state.epoch })).status).toBe('committed')
  })
})

describe("commit() with a caller's op id", () => {
  const own = (id = 'job7') => ({ op: { id, attempt: 1, idOrigin: writer.state, isCallerGiven: true } })

  it('remembers it per document, outside the window of the other ids', async () => {
    const first = await writer.write('k', { a: '1' }, own())
    expect((await writer.write('other', { a: '1' }, own())).state).toMatchObject({ sequence: 2, opResultCount: 0 })
    expect(committed(await writer.write('k', { a: '2' }, own()))).toEqual(committed(first))
    const plain = { op: { ...own().op, isCallerGiven: false } }
    expect(committed(await writer.write('k', { a: '3' }, plain)).version).toBe(2)
  })

  it("distinguishes it from another key's id when their concatenations are equal", async () => {
    await writer.write('ab', { a: '1' }, own('c'))
    expect((await writer.write('a', { a: '1' }, own('bc'))).state.sequence).toBe(2)
  })

  it("remembers it after the document's deletion and any number of other results", async () => {
    await open({ maxOpResults: 2 })
    await writer.write('k', { a: '1' }, own())
    await writer.delete('k')
    for (let i = 0; i < 9; i++) await writer.write('other', { a: String(i) })
    expect(committed(await writer.write('k', { a: '1' }, own())).sequence).toBe(1)
  })

  it('remembers it for at least the stated time, and at most twice that', async () => {
    await open({ opResultTtl: '10m' })
    await writer.write('other', { a: '1' }, own('earlier'))
    runtime.advance(9 * 60_000)
    await writer.write('k', { a: '1' }, own())
    runtime.advance(10 * 60_000 - 1)
    expect((await writer.write('k', { a: '1' }, own())).state.sequence).toBe(2)
    runtime.advance(10 * 60_000 + 1)
    expect((await writer.write('k', { a: '1' }, own())).state.sequence).toBe(3)
  })

  it('forgets it after an idle time', async () => {
    await writer.write('k', { a: '1' }, own())
    runtime.advance(20 * 60_000)
    expect(committed(await writer.write('k', { a: '1' }, own())).version).toBe(2)
  })

  it('counts attempts and survives a restart like any other id', async () => {
    await writer.write('k', { a: '1' })
    const expectation = { readAt: writer.state, generation: 0 }
    expect((await writer.write('k', { a: '2' }, { ...own(), expect: expectation })).status).toBe('conflict')
    expect((await writer.write('k', { a: '2' }, own())).status).toBe('conflict')
    const second = { op: { ...own().op, attempt: 2 } }
    expect((await writer.write('k', { a: '2' }, second)).status).toBe('committed')
    hub.store.restart()
    expect((await writer.write('k', { a: '2' }, second)).status).toBe('committed')
    expect(writer.state.sequence).toBe(2)
  })
})
