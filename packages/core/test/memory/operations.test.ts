import { beforeEach, describe, expect, test } from 'vitest'
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

describe('an op id', () => {
  test('is carried out once: its repeat gets the same change and the standing of the day', async () => {
    const request = writer.request('k', { a: '1' })
    const first = await writer.send(request)
    await writer.write('k', { a: '2' })
    const again = await writer.send(request)
    expect(committed(again)).toEqual(committed(first))
    expect(again).toMatchObject({ generation: 1, version: 1, existed: false, state: { sequence: 2, opResultCount: 2 } })
    expect(await writer.value('k')).toEqual({ a: 2 })
  })

  test('twice in one group is carried out once, both are answered', async () => {
    const request = writer.request('k', { a: '1' })
    const [first, second] = await writer.store.commit([request, request])
    expect(committed(second)).toEqual(committed(first))
    expect(second?.state.sequence).toBe(1)
  })

  test('of a delta is answered with the delta again', async () => {
    await writer.write('k', { a: '{"n":1}' })
    const fields = [{ field: 'a', whole: '{"n":2}', delta: { ops: '[[2,"/n",2]]', base: 1 } }]
    const request = writer.request('k', {}, { fields, expect: { readAt: writer.state, generation: 1 } })
    const first = await writer.send(request)
    expect(committed(await writer.send(request))).toEqual(committed(first))
    expect(committed(first).edits).toMatchObject([{ kind: 'delta' }])
  })

  test('that had nothing to do is remembered too: what is true later does not change the answer', async () => {
    await writer.write('k', { a: '1' })
    const request = writer.request('k', { b: undefined })
    expect((await writer.send(request)).status).toBe('unchanged')
    await writer.write('k', { b: '1' })
    expect(await writer.send(request)).toMatchObject({ status: 'unchanged', current: { version: 1 } })
    expect(await writer.value('k')).toEqual({ a: 1, b: 1 })
  })

  test('an answer that was lost was given all the same', async () => {
    const request = writer.request('k', { n: '1' })
    hub.store.loseReplies()
    await expect(writer.send(request)).rejects.toMatchObject({ code: 'SYNC_STORE_UNAVAILABLE', committed: 'unknown' })
    expect(committed(await writer.send(request)).version).toBe(1)
    expect(writer.state.sequence).toBe(1)
  })
})

describe('attempts', () => {
  const stale = { readAt: { epoch: 'id1', sequence: 0 }, generation: 0 }

  test('a conflict answers its own attempt and earlier ones, a later one is carried out', async () => {
    await writer.write('k', { a: '1' })
    const request = writer.request('k', { a: '2' }, { expect: stale })
    const second = { ...request, op: { ...request.op, attempt: 2 } }
    expect((await writer.send(second)).status).toBe('conflict')
    await writer.delete('k')
    expect((await writer.send(second)).status).toBe('conflict')
    expect((await writer.send(request)).status).toBe('conflict')
    expect((await writer.send({ ...request, op: { ...request.op, attempt: 3 } })).status).toBe('committed')
  })

  test('a commit answers every attempt', async () => {
    const request = writer.request('k', { a: '1' }, { op: { id: 'x', attempt: 2, idOrigin: writer.state } })
    const first = await writer.send(request)
    for (const attempt of [1, 2, 3]) {
      const again = await writer.send({ ...request, op: { ...request.op, attempt } })
      expect(committed(again)).toEqual(committed(first))
    }
  })

  test('a late copy of the attempt that conflicted does not undo the commit that followed', async () => {
    await writer.write('k', { a: '1' })
    const first = writer.request('k', { a: 'first' }, { expect: stale })
    await writer.send(first)
    const second = { ...first, op: { ...first.op, attempt: 2 }, expect: await writer.expectation('k') }
    await writer.send(second)
    expect((await writer.send(first)).status).toBe('committed')
    expect(writer.state.sequence).toBe(2)
  })
})

describe('the op memory', () => {
  test('forgets by number, and refuses what it may have forgotten', async () => {
    await open({ maxOpResults: 4 })
    const requests = Array.from({ length: 5 }, (_, i) => writer.request(`k${i}`, { a: String(i) }))
    for (const request of requests) await writer.send(request)
    const opResultCount = []
    for (const request of requests) opResultCount.push((await writer.send(request)).status)
    expect(opResultCount).toEqual(['op-expired', 'op-expired', 'committed', 'committed', 'committed'])
    expect(writer.state).toMatchObject({ sequence: 5, opResultCount: 5 })
  })

  test('refuses what was made before the window, even if it never came', async () => {
    await open({ maxOpResults: 4 })
    const late = writer.request('late', { a: '1' })
    for (let i = 0; i < 4; i++) await writer.write('k', { a: String(i) })
    const inTime = writer.request('k', { a: '1' }, { op: { ...late.op, id: 'in time' } })
    expect((await writer.send(inTime)).status).toBe('committed')
    expect((await writer.send(late)).status).toBe('op-expired')
    expect(await writer.value('late')).toBeUndefined()
  })

  test('time ages nothing', async () => {
    const request = writer.request('k', { a: '1' })
    await writer.send(request)
    runtime.advance(1e12)
    expect((await writer.send(request)).status).toBe('committed')
    expect(writer.state.sequence).toBe(1)
  })

  test('forgets sooner where the changes it keeps are large', async () => {
    await open({ maxOpResultChars: 1_000 })
    const first = writer.request('k', { a: '1' })
    await writer.send(first)
    for (let i = 0; i < 2; i++) await writer.write('k', { a: `"${'x'.repeat(600)}"` })
    expect((await writer.send(first)).status).toBe('committed')
    await writer.write('k', { a: '2' })
    await writer.write('k', { a: '3' })
    expect((await writer.send(first)).status).toBe('op-expired')
  })

  test('survives a restart: nothing is carried out twice, and answers tell the new epoch', async () => {
    const request = writer.request('k', { a: '1' })
    const first = await writer.send(request)
    hub.store.restart()
    const again = await writer.send(request)
    expect(committed(again)).toEqual(committed(first))
    expect(again.state.epoch).not.toBe(first.state.epoch)
  })

  test('goes with the lost tail; then the epoch refuses, and the same id runs once in the new one', async () => {
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

  test('judges an op born in an ancestor epoch by the answers up to the fork', async () => {
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

  test('refuses an op born in an epoch that it does not know', async () => {
    const idOrigin = { epoch: 'unheard of', opResultCount: 0 }
    expect((await writer.write('k', { a: '1' }, { op: { id: 'x', attempt: 1, idOrigin } })).status).toBe('op-expired')
  })

  test('keeps no answer that decided nothing', async () => {
    const request = writer.request('k', { a: '1' }, { epoch: 'another' })
    expect((await writer.send(request)).status).toBe('stale-epoch')
    expect(writer.state.opResultCount).toBe(0)
    expect((await writer.send({ ...request, epoch: writer.state.epoch })).status).toBe('committed')
  })
})

describe("an id of the caller's own", () => {
  const own = (id = 'job7') => ({ op: { id, attempt: 1, idOrigin: writer.state, isCallerGiven: true } })

  test('is kept apart by document, and takes no place among the others', async () => {
    const first = await writer.write('k', { a: '1' }, own())
    expect((await writer.write('other', { a: '1' }, own())).state).toMatchObject({ sequence: 2, opResultCount: 0 })
    expect(committed(await writer.write('k', { a: '2' }, own()))).toEqual(committed(first))
    const plain = { op: { ...own().op, isCallerGiven: false } }
    expect(committed(await writer.write('k', { a: '3' }, plain)).version).toBe(2)
  })

  test('is not mixed up with that of another key, however the two are cut', async () => {
    await writer.write('ab', { a: '1' }, own('c'))
    expect((await writer.write('a', { a: '1' }, own('bc'))).state.sequence).toBe(2)
  })

  test('outlives the deletion of its document and any number of other answers', async () => {
    await open({ maxOpResults: 2 })
    await writer.write('k', { a: '1' }, own())
    await writer.delete('k')
    for (let i = 0; i < 9; i++) await writer.write('other', { a: String(i) })
    expect(committed(await writer.write('k', { a: '1' }, own())).sequence).toBe(1)
  })

  test('is remembered for the stated time at least, and for twice that at most', async () => {
    await open({ opResultTtl: '10m' })
    await writer.write('other', { a: '1' }, own('earlier'))
    runtime.advance(9 * 60_000)
    await writer.write('k', { a: '1' }, own())
    runtime.advance(10 * 60_000 - 1)
    expect((await writer.write('k', { a: '1' }, own())).state.sequence).toBe(2)
    runtime.advance(10 * 60_000 + 1)
    expect((await writer.write('k', { a: '1' }, own())).state.sequence).toBe(3)
  })

  test('is forgotten after an idle time too', async () => {
    await writer.write('k', { a: '1' }, own())
    runtime.advance(20 * 60_000)
    expect(committed(await writer.write('k', { a: '1' }, own())).version).toBe(2)
  })

  test('counts attempts and survives a restart as every other', async () => {
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
