import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { createMemoryHub, type MemoryHub, memoryStore } from '../../src/memory/index.ts'
import type { CommitRequest } from '../../src/transport/store.ts'
import { createManualRuntime } from './manual-runtime.ts'
import { committed, Writer } from './writer.ts'

let hub: MemoryHub
let writer: Writer
beforeEach(async () => {
  hub = createMemoryHub({ runtime: createManualRuntime(), maxUndoCommits: 8 })
  writer = await Writer.open(memoryStore(hub))
})

const conflict = (reason: string, generation: number, version: number, field?: string): object => ({
  status: 'conflict',
  reason,
  current: { generation, version },
  ...(field && { field }),
})

describe('what holds', () => {
  test('lets the write through', async () => {
    await writer.write('k', { a: '1' })
    const expectation = { ...(await writer.expectation('k')), fields: { a: 1, b: 0 } }
    expect(committed(await writer.write('k', { a: '2' }, { expect: expectation })).version).toBe(2)
    expect(committed(await writer.delete('k', { expect: await writer.expectation('k') })).edits).toBe('removed')
    expect(committed(await writer.write('k', { a: '1' }, { expect: await writer.expectation('k') })).version).toBe(1)
  })

  test('says nothing about fields it does not name', async () => {
    await writer.write('k', { a: '1', b: '1' })
    const expectation = { readAt: writer.state, generation: 1, fields: { a: 1 } }
    await writer.write('k', { b: '2' })
    expect(committed(await writer.write('k', { a: '2' }, { expect: expectation })).version).toBe(3)
  })
})

describe('what does not hold conflicts, with the current versions, and writes nothing', () => {
  const cases: [string, () => Promise<object>, object][] = [
    ['absence, but it exists', async () => ({ generation: 0 }), conflict('exists', 1, 2)],
    ['a life that ended', async () => ({ generation: 7 }), conflict('generation', 1, 2)],
    ['an older version', async () => ({ generation: 1, version: 1 }), conflict('version', 1, 2)],
    ['a version to come', async () => ({ generation: 1, version: 3 }), conflict('version', 1, 2)],
    ['an older field', async () => ({ generation: 1, fields: { b: 1, a: 1 } }), conflict('field', 1, 2, 'a')],
    ['a field that is not there', async () => ({ generation: 1, fields: { c: 1 } }), conflict('field', 1, 2, 'c')],
    ['the life before the version', async () => ({ generation: 7, version: 1 }), conflict('generation', 1, 2)],
  ]
  test.each(cases)('%s', async (_, expected, answer) => {
    await writer.write('k', { a: '1', b: '1' })
    await writer.write('k', { a: '2' })
    const expectation = { readAt: writer.state, ...(await expected()) }
    expect(await writer.write('k', { a: '9' }, { expect: expectation })).toMatchObject(answer)
    expect(await writer.delete('k', { expect: expectation })).toMatchObject(answer)
    expect(writer.state.sequence).toBe(2)
    expect(await writer.value('k')).toEqual({ a: 2, b: 1 })
  })

  test.each([
    ['its life', { generation: 1 }],
    ['a version', { version: 1 }],
    ['a field', { fields: { a: 1 } }],
  ])('%s, but it is absent', async (_, expected) => {
    await writer.write('k', { a: '1' })
    await writer.delete('k')
    const expectation = { readAt: writer.state, ...expected }
    expect(await writer.write('k', { a: '9' }, { expect: expectation })).toMatchObject(conflict('absent', 0, 0))
  })

  test('absent, and not to be created', async () => {
    const result = await writer.write('k', { a: '1' }, { allowCreate: false })
    expect(result).toMatchObject(conflict('absent', 0, 0))
    expect(result.state.sequence).toBe(0)
  })
})

test('equal numbers of a document made again do not pass for the old one', async () => {
  await writer.write('k', { a: '1' })
  const stale = await writer.expectation('k')
  await writer.delete('k')
  await writer.write('k', { a: '1' })
  expect(await writer.write('k', { a: '2' }, { expect: stale })).toMatchObject(conflict('generation', 3, 1))
})

test('a field removed and set again is not what it was (ABA)', async () => {
  await writer.write('k', { a: '1', b: '1' })
  const stale = { readAt: writer.state, generation: 1, fields: { a: 1 } }
  await writer.write('k', { a: undefined })
  await writer.write('k', { a: '1' })
  expect(await writer.write('k', { a: '2' }, { expect: stale })).toMatchObject(conflict('field', 1, 3, 'a'))
})

test('a field removed is not one that was never set', async () => {
  await writer.write('k', { a: '1', b: '1' })
  const neverSet = { readAt: writer.state, generation: 1, fields: { c: 0 } }
  expect((await writer.write('k', { a: '2' }, { expect: neverSet })).status).toBe('committed')
  await writer.write('k', { c: '1' })
  await writer.write('k', { c: undefined })
  expect(await writer.write('k', { c: '1' }, { expect: neverSet })).toMatchObject(conflict('field', 1, 4, 'c'))
  const removed = { readAt: writer.state, generation: 1, fields: { c: 2 } }
  expect((await writer.write('k', { c: '1' }, { expect: removed })).status).toBe('committed')
})

describe('what was read in another history', () => {
  const change = (expectation: CommitRequest['expect']): Partial<CommitRequest> =>
    expectation ? { expect: expectation } : {}

  test('holds at or below the fork', async () => {
    await writer.write('k', { a: '1' })
    const read = await writer.expectation('k')
    hub.store.restart()
    await writer.catchUp()
    expect((await writer.write('k', { a: '2' }, change(read))).status).toBe('committed')
  })

  test('conflicts beyond it, though the numbers are the same', async () => {
    await writer.write('k', { a: '1' })
    await writer.write('k', { a: 'lost' })
    const read = await writer.expectation('k')
    hub.store.loseTail(1)
    await writer.catchUp()
    await writer.write('k', { a: 'another' })
    expect(await writer.expectation('k')).toMatchObject({ generation: 1, version: 2 })
    expect(await writer.write('k', { a: '3' }, change(read))).toMatchObject(conflict('generation', 1, 2))
    // nor is an absence that was seen there one that counts here
    const absence = { readAt: read.readAt, generation: 0 }
    expect(await writer.write('new', { a: '1' }, change(absence))).toMatchObject(conflict('generation', 0, 0))
    expect(
      await writer.write('k', { a: '3' }, change({ readAt: { epoch: 'unheard of', sequence: 0 }, version: 2 })),
    ).toMatchObject(conflict('generation', 1, 2))
  })

  test('nothing expected is nothing to conflict with', async () => {
    const unknown = { readAt: { epoch: 'unheard of', sequence: 9 } }
    expect((await writer.write('k', { a: '1' }, change(unknown))).status).toBe('committed')
  })
})

test('of many writers that read the same version exactly one wins, whatever the interleaving', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 5 }), async (scheduler, writers) => {
      const common = createMemoryHub({ runtime: createManualRuntime() })
      const wins = Array.from({ length: writers }, async () => {
        const own = await Writer.open(memoryStore(common))
        let won = 0
        for (let round = 0; round < 3; round++) {
          const read = await scheduler.schedule(own.expectation('counter'))
          const next = String((read.version ?? 0) + 1)
          const result = await scheduler.schedule(own.write('counter', { n: next }, { expect: read }))
          if (result.status === 'committed') won++
        }
        return won
      })
      const total = (await scheduler.waitFor(Promise.all(wins))).reduce((sum, won) => sum + won)
      const reader = await Writer.open(memoryStore(common))
      // one win per version, and each win counted exactly one further
      expect((await reader.load('counter')).document).toMatchObject({ version: total, text: `{"n":${total}}` })
    }),
    { numRuns: 40 },
  )
})

describe('a deletion is remembered, also of what was not there', () => {
  const fill = { generation: 0, notDeleted: true }

  test('what began to be read before it is not written after it', async () => {
    const before = { ...writer.state }
    await writer.delete('k')
    const filled = await writer.write('k', { a: '1' }, { expect: { readAt: before, ...fill } })
    expect(filled).toMatchObject(conflict('deleted', 0, 0))
    const again = { readAt: writer.state, ...fill }
    expect(committed(await writer.write('k', { a: '2' }, { expect: again })).version).toBe(1)
  })

  test('but only of that document, and only for who asks', async () => {
    const before = { ...writer.state }
    await writer.delete('k')
    expect(committed(await writer.write('m', { a: '1' }, { expect: { readAt: before, ...fill } })).version).toBe(1)
    expect(committed(await writer.write('k', { a: '1' }, { expect: { readAt: before, generation: 0 } })).version).toBe(
      1,
    )
  })
})
