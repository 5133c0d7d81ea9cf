import { beforeEach, describe, expect, it } from 'vitest'
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

describe('createMemoryHub() epochs', () => {
  it('begins an epoch whose fork is the head after a restart that lost nothing', async () => {
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
  it.each(calls)('begins exactly one epoch on the first %s after a restart', async (_, call) => {
    await writes('k')
    hub.store.restart()
    await call()
    const minted = hub.store.inspect(section)?.state
    expect(minted?.ancestors).toHaveLength(1)
    await call()
    expect(hub.store.inspect(section)?.state.epoch).toBe(minted?.epoch)
  })

  it("begins each section's epoch when that section is first used after a restart", async () => {
    const other = await Writer.open(writer.store, 'user')
    hub.store.restart()
    await writer.catchUp()
    expect(hub.store.inspect({ partition: 'eu', section: 'user' })?.state.ancestors).toEqual([])
    expect((await other.catchUp()).ancestors).toHaveLength(1)
  })

  it('rejects a commit made in an earlier epoch and changes nothing', async () => {
    await writes('k')
    const request = writer.request('k', { a: '2' })
    hub.store.restart()
    expect(await writer.send(request)).toMatchObject({
      status: 'stale-epoch',
      state: { sequence: 1, opResultCount: 1 },
    })
    expect(await writer.value('k')).toEqual({ a: 1 })
  })

  it('keeps only the last forks', async () => {
    await open({ lineageDepth: 2 })
    const epochs = [writer.state.epoch]
    for (let i = 0; i < 4; i++) {
      hub.store.restart()
      epochs.push((await writer.catchUp()).epoch)
    }
    expect(writer.state.ancestors.map(({ epoch }) => epoch)).toEqual(epochs.slice(-3, -1))
    expect((await since(0, 9, undefined, epochs[0])).status).toBe('unknown-position')
  })

  it('keeps no fork when lineageDepth is 0', async () => {
    await open({ lineageDepth: 0 })
    hub.store.restart()
    expect((await writer.catchUp()).ancestors).toEqual([])
  })

  it('begins an epoch when a caller has seen more of the current one than exists', async () => {
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

  it("returns a document's versions and begins an epoch when heads() is asked by document", async () => {
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

describe('changesSince()', () => {
  it('returns every commit of the section in commit order', async () => {
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

  it('returns pages that join without a hole or a repeat', async () => {
    await writes('k', 'l', 'k', 'l', 'k')
    expect(await since(1, 2)).toMatchObject({ upTo: 3 })
    expect(sequences(await since(1, 2))).toEqual([2, 3])
    expect(sequences(await since(3, 2))).toEqual([4, 5])
    expect(await since(3, 2)).toMatchObject({ upTo: 5 })
    expect(await since(5)).toMatchObject({ status: 'page', changes: [], upTo: 5 })
  })

  it("returns one document's changes up to the last one that fits, or up to the section's head", async () => {
    await writes('k', 'l', 'k', 'l', 'k', 'l')
    const page = await since(0, 2, 'k')
    expect([sequences(page), page.upTo]).toEqual([[1, 3], 3])
    const rest = await since(3, 2, 'k')
    expect([sequences(rest), rest.upTo]).toEqual([[5], 6])
    expect(await since(0, 2, 'none')).toMatchObject({ status: 'page', changes: [], upTo: 6 })
  })

  it('reports truncation, never an empty page, when the log no longer reaches back far enough', async () => {
    await open({ maxChanges: 3 })
    await writes('k', 'k', 'k', 'k', 'k')
    expect(await since(1)).toMatchObject({ status: 'truncated', changes: [], state: { sequence: 5 } })
    expect((await since(1, 9, 'none')).status).toBe('truncated')
    expect(sequences(await since(2))).toEqual([3, 4, 5])
  })

  it('reports truncation when the log keeps no changes', async () => {
    await open({ maxChanges: 0 })
    expect((await since(0)).status).toBe('page')
    await writes('k')
    expect((await since(0)).status).toBe('truncated')
    expect((await since(1)).status).toBe('page')
  })

  it('drops changes older than maxAge with the next commit', async () => {
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

  it('keeps its bounds and positions over thousands of commits', async () => {
    await open({ maxChanges: 100 })
    for (let i = 1; i <= 2_000; i++) {
      await writes('k')
      expect((await since(Math.max(0, i - 100))).changes).toHaveLength(Math.min(i, 100))
    }
    expect(sequences(await since(1_900))).toEqual(Array.from({ length: 100 }, (_, i) => 1_901 + i))
    expect((await since(1_899)).status).toBe('truncated')
    expect(hub.store.inspect(section)?.changes).toHaveLength(100)
  })

  it('continues over a restart, with positions of the ancestor and changes in the current epoch', async () => {
    await writes('k', 'l')
    const { epoch } = writer.state
    hub.store.restart()
    await writer.catchUp()
    await writes('k')
    const page = await since(1, 9, undefined, epoch)
    expect(sequences(page)).toEqual([2, 3])
    expect(page.changes.map((change) => change.epoch)).toEqual([writer.state.epoch, writer.state.epoch])
  })

  it('reports an unknown position beyond the fork or in an unknown epoch', async () => {
    await writes('k', 'l', 'm')
    const { epoch } = writer.state
    hub.store.loseTail(1)
    await writer.catchUp()
    await writes('n', 'o')
    expect(await since(3, 9, undefined, epoch)).toMatchObject({ status: 'unknown-position', changes: [] })
    expect(sequences(await since(2, 9, undefined, epoch))).toEqual([3, 4])
    expect((await since(0, 9, undefined, 'unknown')).status).toBe('unknown-position')
  })

  it.each([0, -1, 1.5, Number.NaN])('rejects a limit of %d', async (limit) => {
    await expect(since(0, limit)).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
  })
})

describe('loseTail()', () => {
  it('reverts data, counters, log and operation results, and begins a new epoch', async () => {
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

  it('counts commits over all sections, newest first', async () => {
    const other = await Writer.open(writer.store, 'user')
    await writer.write('k', { a: '1' })
    await other.write('u', { a: '1' })
    await writer.write('k', { a: '2' })
    hub.store.loseTail(2)
    expect(await writer.value('k')).toEqual({ a: 1 })
    expect(await other.value('u')).toBeUndefined()
  })

  it('returns how many commits it reverted', async () => {
    expect(hub.store.loseTail(2)).toBe(0)
    await writer.catchUp()
    await writes('k', 'k')
    expect(hub.store.loseTail(1)).toBe(1)
    expect(hub.store.loseTail(5)).toBe(1)
  })

  it('throws when asked for more commits than it can undo', () => {
    expect(() => hub.store.loseTail(17)).toThrow(/maxUndoCommits/)
    expect(() => createMemoryHub().store.loseTail(1)).toThrow(/maxUndoCommits/)
    expect(() => hub.store.loseTail(-1)).toThrow(/expected an integer of at least 0, got -1/)
  })
})
