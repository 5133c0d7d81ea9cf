import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
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

describe('commit() with a precondition that holds', () => {
  it('writes the document', async () => {
    await writer.write('k', { a: '1' })
    const expectation = { ...(await writer.expectation('k')), fields: { a: 1, b: 0 } }
    expect(committed(await writer.write('k', { a: '2' }, { expect: expectation })).version).toBe(2)
    expect(committed(await writer.delete('k', { expect: await writer.expectation('k') })).edits).toBe('removed')
    expect(committed(await writer.write('k', { a: '1' }, { expect: await writer.expectation('k') })).version).toBe(1)
  })

  it('ignores fields that the precondition does not name', async () => {
    await writer.write('k', { a: '1', b: '1' })
    const expectation = { readAt: writer.state, generation: 1, fields: { a: 1 } }
    await writer.write('k', { b: '2' })
    expect(committed(await writer.write('k', { a: '2' }, { expect: expectation })).version).toBe(3)
  })
})

describe('commit() with a precondition that does not hold', () => {
  const cases: [string, () => Promise<object>, object][] = [
    ['a document expected to be absent', async () => ({ generation: 0 }), conflict('exists', 1, 2)],
    ['another generation', async () => ({ generation: 7 }), conflict('generation', 1, 2)],
    ['an older version', async () => ({ generation: 1, version: 1 }), conflict('version', 1, 2)],
    ['a later version', async () => ({ generation: 1, version: 3 }), conflict('version', 1, 2)],
    ['an older field version', async () => ({ generation: 1, fields: { b: 1, a: 1 } }), conflict('field', 1, 2, 'a')],
    ['an absent field', async () => ({ generation: 1, fields: { c: 1 } }), conflict('field', 1, 2, 'c')],
    [
      'another generation, checked before the version',
      async () => ({ generation: 7, version: 1 }),
      conflict('generation', 1, 2),
    ],
  ]
  it.each(cases)(
    'returns a conflict with the current versions and writes nothing for %s',
    async (_, expected, answer) => {
      await writer.write('k', { a: '1', b: '1' })
      await writer.write('k', { a: '2' })
      const expectation = { readAt: writer.state, ...(await expected()) }
      expect(await writer.write('k', { a: '9' }, { expect: expectation })).toMatchObject(answer)
      expect(await writer.delete('k', { expect: expectation })).toMatchObject(answer)
      expect(writer.state.sequence).toBe(2)
      expect(await writer.value('k')).toEqual({ a: 2, b: 1 })
    },
  )

  it.each([
    ['a generation', { generation: 1 }],
    ['a version', { version: 1 }],
    ['a field', { fields: { a: 1 } }],
  ])('returns a conflict for %s of an absent document', async (_, expected) => {
    await writer.write('k', { a: '1' })
    await writer.delete('k')
    const expectation = { readAt: writer.state, ...expected }
    expect(await writer.write('k', { a: '9' }, { expect: expectation })).toMatchObject(conflict('absent', 0, 0))
  })

  it('returns a conflict when the document is absent and must not be created', async () => {
    const result = await writer.write('k', { a: '1' }, { allowCreate: false })
    expect(result).toMatchObject(conflict('absent', 0, 0))
    expect(result.state.sequence).toBe(0)
  })
})

describe('commit() with a precondition on an earlier state', () => {
  it('distinguishes a re-created document from the old one with equal versions', async () => {
    await writer.write('k', { a: '1' })
    const stale = await writer.expectation('k')
    await writer.delete('k')
    await writer.write('k', { a: '1' })
    expect(await writer.write('k', { a: '2' }, { expect: stale })).toMatchObject(conflict('generation', 3, 1))
  })

  it('distinguishes a field that was removed and set again from the original (ABA)', async () => {
    await writer.write('k', { a: '1', b: '1' })
    const stale = { readAt: writer.state, generation: 1, fields: { a: 1 } }
    await writer.write('k', { a: undefined })
    await writer.write('k', { a: '1' })
    expect(await writer.write('k', { a: '2' }, { expect: stale })).toMatchObject(conflict('field', 1, 3, 'a'))
  })

  it('distinguishes a removed field from one that was never set', async () => {
    await writer.write('k', { a: '1', b: '1' })
    const neverSet = { readAt: writer.state, generation: 1, fields: { c: 0 } }
    expect((await writer.write('k', { a: '2' }, { expect: neverSet })).status).toBe('committed')
    await writer.write('k', { c: '1' })
    await writer.write('k', { c: undefined })
    expect(await writer.write('k', { c: '1' }, { expect: neverSet })).toMatchObject(conflict('field', 1, 4, 'c'))
    const removed = { readAt: writer.state, generation: 1, fields: { c: 2 } }
    expect((await writer.write('k', { c: '1' }, { expect: removed })).status).toBe('committed')
  })
})

describe('commit() with a precondition from another epoch', () => {
  const change = (expectation: CommitRequest['expect']): Partial<CommitRequest> =>
    expectation ? { expect: expectation } : {}

  it('writes when it was read at or below the fork', async () => {
    await writer.write('k', { a: '1' })
    const read = await writer.expectation('k')
    hub.store.restart()
    await writer.catchUp()
    expect((await writer.write('k', { a: '2' }, change(read))).status).toBe('committed')
  })

  it('returns a conflict when it was read beyond the fork, even with equal versions', async () => {
    await writer.write('k', { a: '1' })
    await writer.write('k', { a: 'lost' })
    const read = await writer.expectation('k')
    hub.store.loseTail(1)
    await writer.catchUp()
    await writer.write('k', { a: 'another' })
    expect(await writer.expectation('k')).toMatchObject({ generation: 1, version: 2 })
    expect(await writer.write('k', { a: '3' }, change(read))).toMatchObject(conflict('generation', 1, 2))
    // an absence read in the other epoch does not hold in this one either
    const absence = { readAt: read.readAt, generation: 0 }
    expect(await writer.write('new', { a: '1' }, change(absence))).toMatchObject(conflict('generation', 0, 0))
    expect(
      await writer.write('k', { a: '3' }, change({ readAt: { epoch: 'unknown', sequence: 0 }, version: 2 })),
    ).toMatchObject(conflict('generation', 1, 2))
  })

  it('writes when it requires nothing', async () => {
    const unknown = { readAt: { epoch: 'unknown', sequence: 9 } }
    expect((await writer.write('k', { a: '1' }, change(unknown))).status).toBe('committed')
  })
})

describe('commit() by concurrent writers', () => {
  it('lets exactly one writer of a version win, in any interleaving', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 5 }), async (scheduler, writers) => {
        const sharedHub = createMemoryHub({ runtime: createManualRuntime() })
        const wins = Array.from({ length: writers }, async () => {
          const own = await Writer.open(memoryStore(sharedHub))
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
        const reader = await Writer.open(memoryStore(sharedHub))
        // each win advanced the version and the counter by exactly one
        expect((await reader.load('counter')).document).toMatchObject({ version: total, text: `{"n":${total}}` })
      }),
      { numRuns: 40 },
    )
  })
})

describe('commit() with notDeleted', () => {
  const fill = { generation: 0, notDeleted: true }

  it('returns a conflict when the document was deleted after the read began', async () => {
    const before = { ...writer.state }
    await writer.delete('k')
    const filled = await writer.write('k', { a: '1' }, { expect: { readAt: before, ...fill } })
    expect(filled).toMatchObject(conflict('deleted', 0, 0))
    const again = { readAt: writer.state, ...fill }
    expect(committed(await writer.write('k', { a: '2' }, { expect: again })).version).toBe(1)
  })

  it('ignores deletions of other documents, and requests without notDeleted', async () => {
    const before = { ...writer.state }
    await writer.delete('k')
    expect(committed(await writer.write('m', { a: '1' }, { expect: { readAt: before, ...fill } })).version).toBe(1)
    expect(committed(await writer.write('k', { a: '1' }, { expect: { readAt: before, generation: 0 } })).version).toBe(
      1,
    )
  })
})
