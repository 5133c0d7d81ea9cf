import { beforeEach, describe, expect, test } from 'vitest'
import { createMemoryHub, type MemoryHub, type MemoryHubOptions, memoryStore } from '../../src/memory/index.ts'
import { decodeChange } from '../../src/transport/decode.ts'
import type { LogPage } from '../../src/transport/store.ts'
import { createManualRuntime, type ManualRuntime } from './manual-runtime.ts'
import { committed, keysOf, Writer } from './writer.ts'

let hub: MemoryHub
let runtime: ManualRuntime
let writer: Writer

async function open(options: MemoryHubOptions = {}): Promise<void> {
  runtime = createManualRuntime()
  hub = createMemoryHub({ runtime, maxUndoCommits: 16, ...options })
  writer = await Writer.open(memoryStore(hub))
}
beforeEach(() => open())

const section = { partition: 'eu', section: 'product' }
const since = (sequence: number, limit = 100, key?: string, epoch = writer.state.epoch): Promise<LogPage> =>
  writer.store.changesSince(key === undefined ? section : { ...section, key }, { epoch, sequence }, limit)
const sequences = ({ changes }: LogPage): number[] => changes.map(({ sequence }) => sequence)
async function writes(...keys: string[]): Promise<void> {
  for (const key of keys) committed(await writer.write(key, { a: '1' }))
}

describe('epochs', () => {
  test('a restart that lost nothing begins an epoch whose fork is the head', async () => {
    await writes('k', 'l')
    const before = writer.state
    hub.store.restart()
    const after = await writer.catchUp()
    expect(after.epoch).not.toBe(before.epoch)
    expect(after).toMatchObject({
      sequence: 2,
      opResultCount: 2,
      ancestors: [{ epoch: before.epoch, sequence: 2, opResultCount: 2 }],
    })
    expect(await writer.catchUp()).toEqual(after)
  })

  const calls: [string, () => Promise<unknown>][] = [
    ['load', () => writer.store.load([writer.ref('k')])],
    ['commit', () => writer.store.commit([writer.request('k', { a: '1' })])],
    ['changesSince', () => since(0)],
    ['heads', () => writer.store.heads([{ scope: section }])],
    ['touch', () => writer.store.touch([{ ref: writer.ref('k'), ttl: 1 }])],
    ['keys', () => keysOf(writer.store, section)],
  ]
  test.each(calls)('the first %s after a restart finds the new epoch, no later call another', async (_, call) => {
    await writes('k')
    hub.store.restart()
    await call()
    const minted = hub.store.inspect(section)?.state
    expect(minted?.ancestors).toHaveLength(1)
    await call()
    expect(hub.store.inspect(section)?.state.epoch).toBe(minted?.epoch)
  })

  test('each section finds it for itself, when it is touched', async () => {
    const other = await Writer.open(writer.store, 'user')
    hub.store.restart()
    await writer.catchUp()
    expect(hub.store.inspect({ partition: 'eu', section: 'user' })?.state.ancestors).toEqual([])
    expect((await other.catchUp()).ancestors).toHaveLength(1)
  })

  test('a writer of an earlier epoch is refused, and nothing happens', async () => {
    await writes('k')
    const request = writer.request('k', { a: '2' })
    hub.store.restart()
    expect(await writer.send(request)).toMatchObject({
      status: 'stale-epoch',
      state: { sequence: 1, opResultCount: 1 },
    })
    expect(await writer.value('k')).toEqual({ a: 1 })
  })

  test('only the last few forks are remembered', async () => {
    await open({ lineageDepth: 2 })
    const epochs = [writer.state.epoch]
    for (let i = 0; i < 4; i++) {
      hub.store.restart()
      epochs.push((await writer.catchUp()).epoch)
    }
    expect(writer.state.ancestors.map(({ epoch }) => epoch)).toEqual(epochs.slice(-3, -1))
    expect((await since(0, 9, undefined, epochs[0])).status).toBe('unknown-position')
  })

  test('none are remembered where none shall be', async () => {
    await open({ lineageDepth: 0 })
    hub.store.restart()
    expect((await writer.catchUp()).ancestors).toEqual([])
  })

  test('one who was shown more of this epoch than there is makes the store begin a new one', async () => {
    await writes('k')
    const { epoch } = writer.state
    const ask = async (sequence: number, of = epoch): Promise<string | undefined> => {
      const [head] = await writer.store.heads([{ scope: section, highestSeen: { epoch: of, sequence } }])
      return head?.state.epoch
    }
    expect(await ask(0)).toBe(epoch)
    expect(await ask(1)).toBe(epoch)
    expect(await ask(9, 'another')).toBe(epoch)
    const minted = await ask(2)
    expect(minted).not.toBe(epoch)
    expect(await ask(2)).toBe(minted)
  })

  test('the question may be asked by way of a document, whose versions are answered', async () => {
    await writes('k', 'l', 'k')
    const scopes = ['k', 'l', 'none'].map((key) => ({ scope: { ...section, key } }))
    const heads = await writer.store.heads([...scopes, { scope: section }])
    expect(heads.map(({ document }) => document)).toEqual([
      { generation: 1, version: 2 },
      { generation: 2, version: 1 },
      { generation: 0, version: 0 },
      undefined,
    ])
    const [ahead] = await writer.store.heads([
      { scope: { ...section, key: 'k' }, highestSeen: { ...writer.state, sequence: 4 } },
    ])
    expect(ahead?.state.ancestors).toHaveLength(1)
  })
})

describe('the log', () => {
  test('has every commit of the section, in the order of the commits', async () => {
    await writes('k', 'l', 'k')
    await writer.delete('l')
    await writer.delete('never there')
    const page = await since(0)
    expect(page).toMatchObject({ status: 'page', upTo: 5, state: { sequence: 5 } })
    expect(page.changes.map((change) => [change.key, decodeChange(change).version])).toEqual([
      ['k', 1],
      ['l', 1],
      ['k', 2],
      ['l', 2],
      ['never there', 1],
    ])
  })

  test('is read in pages that join without hole or repeat', async () => {
    await writes('k', 'l', 'k', 'l', 'k')
    expect(await since(1, 2)).toMatchObject({ upTo: 3 })
    expect(sequences(await since(1, 2))).toEqual([2, 3])
    expect(sequences(await since(3, 2))).toEqual([4, 5])
    expect(await since(3, 2)).toMatchObject({ upTo: 5 })
    expect(await since(5)).toMatchObject({ status: 'page', changes: [], upTo: 5 })
  })

  test("of one document goes as far as it looked: to the last change it had room for, or to the section's head", async () => {
    await writes('k', 'l', 'k', 'l', 'k', 'l')
    const page = await since(0, 2, 'k')
    expect([sequences(page), page.upTo]).toEqual([[1, 3], 3])
    const rest = await since(3, 2, 'k')
    expect([sequences(rest), rest.upTo]).toEqual([[5], 6])
    expect(await since(0, 2, 'none')).toMatchObject({ status: 'page', changes: [], upTo: 6 })
  })

  test('says so when it no longer reaches far enough, never "nothing"', async () => {
    await open({ maxChanges: 3 })
    await writes('k', 'k', 'k', 'k', 'k')
    expect(await since(1)).toMatchObject({ status: 'truncated', changes: [], state: { sequence: 5 } })
    expect((await since(1, 9, 'none')).status).toBe('truncated')
    expect(sequences(await since(2))).toEqual([3, 4, 5])
  })

  test('may be kept empty, and is honest then too', async () => {
    await open({ maxChanges: 0 })
    expect((await since(0)).status).toBe('page')
    await writes('k')
    expect((await since(0)).status).toBe('truncated')
    expect((await since(1)).status).toBe('page')
  })

  test('drops what is older than it shall be with the next commit, and only that', async () => {
    await open({ maxAge: 1_000 })
    await writes('k', 'k')
    runtime.advance(1_000)
    await writes('k')
    expect(sequences(await since(0))).toEqual([1, 2, 3])
    runtime.advance(1)
    await writes('k')
    expect((await since(0)).status).toBe('truncated')
    expect(sequences(await since(2))).toEqual([3, 4])
  })

  test('keeps its bounds and its places over thousands of commits', async () => {
    await open({ maxChanges: 100 })
    for (let i = 1; i <= 2_000; i++) {
      await writes('k')
      expect((await since(Math.max(0, i - 100))).changes).toHaveLength(Math.min(i, 100))
    }
    expect(sequences(await since(1_900))).toEqual(Array.from({ length: 100 }, (_, i) => 1_901 + i))
    expect((await since(1_899)).status).toBe('truncated')
    expect(hub.store.inspect(section)?.changes).toHaveLength(100)
  })

  test('goes on over a restart: a place of the ancestor is one of ours, what it answers counts as of today', async () => {
    await writes('k', 'l')
    const { epoch } = writer.state
    hub.store.restart()
    await writer.catchUp()
    await writes('k')
    const page = await since(1, 9, undefined, epoch)
    expect(sequences(page)).toEqual([2, 3])
    expect(page.changes.map((change) => change.epoch)).toEqual([writer.state.epoch, writer.state.epoch])
  })

  test('a place beyond the fork, or of an epoch unheard of, is elsewhere', async () => {
    await writes('k', 'l', 'm')
    const { epoch } = writer.state
    hub.store.loseTail(1)
    await writer.catchUp()
    await writes('n', 'o')
    expect(await since(3, 9, undefined, epoch)).toMatchObject({ status: 'unknown-position', changes: [] })
    expect(sequences(await since(2, 9, undefined, epoch))).toEqual([3, 4])
    expect((await since(0, 9, undefined, 'unheard of')).status).toBe('unknown-position')
  })

  test.each([0, -1, 1.5, Number.NaN])('a limit of %d is refused', async (limit) => {
    await expect(since(0, limit)).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
  })
})

describe('a lost tail', () => {
  test('takes data, counters, log and answers back, and gives the server another identity', async () => {
    await writer.write('k', { a: '1' })
    const before = hub.store.inspect(section)
    await writer.write('k', { a: '2', b: '1' })
    await writer.delete('k')
    await writer.write('l', { a: '1' })
    expect(hub.store.loseTail(3)).toBe(3)
    expect(hub.store.inspect(section)).toEqual(before)
    const after = await writer.catchUp()
    expect(after).toMatchObject({
      sequence: 1,
      ancestors: [{ epoch: before?.state.epoch, sequence: 1, opResultCount: 1 }],
    })
    expect(committed(await writer.write('k', { a: '3' })).version).toBe(2)
  })

  test('is counted over all sections, newest first', async () => {
    const other = await Writer.open(writer.store, 'user')
    await writer.write('k', { a: '1' })
    await other.write('u', { a: '1' })
    await writer.write('k', { a: '2' })
    hub.store.loseTail(2)
    expect(await writer.value('k')).toEqual({ a: 1 })
    expect(await other.value('u')).toBeUndefined()
  })

  test('tells how much there was to lose', async () => {
    expect(hub.store.loseTail(2)).toBe(0)
    await writer.catchUp()
    await writes('k', 'k')
    expect(hub.store.loseTail(1)).toBe(1)
    expect(hub.store.loseTail(5)).toBe(1)
  })

  test('longer than the journal is refused rather than cut short', () => {
    expect(() => hub.store.loseTail(17)).toThrow(/maxUndoCommits/)
    expect(() => createMemoryHub().store.loseTail(1)).toThrow(/maxUndoCommits/)
    expect(() => hub.store.loseTail(-1)).toThrow(/expected an integer of at least 0, got -1/)
  })
})
