import { describe, expect, it } from 'vitest'
import { summarizeCompareAndSet, summarizeEdits } from '../src/edit-summary.ts'
import type { CompareAndSetResult, ConcurrentEdits, EditWrite } from '../src/edits.ts'

const before = { value: 380, fieldVersion: 3, version: 7 }
const states = (value: number, version: number): ConcurrentEdits['states'] =>
  ['replica 1', 'replica 2'].map((instance) => ({ instance, value, fieldVersion: 5, version }))
const first: EditWrite = {
  instance: 'replica 1',
  actor: 'Ann',
  value: 400,
  before,
  version: 8,
  changed: true,
  conflicts: [],
}
const conflict = { reason: 'field', expected: 7, found: 8, remote: 400 }
const second: EditWrite = { ...first, instance: 'replica 2', value: 420, version: 9, conflicts: [conflict] }
const target = { key: 'unit-001', field: 'demand' } as const

describe('summarizeEdits()', () => {
  it('describes a conflict with both versions and the merge strategy', () => {
    const summary = summarizeEdits({ ...target, strategy: 'custom', writes: [first, second], states: states(410, 9) })
    expect(summary).toEqual([
      'replica 1 wrote demand = 400: document version 8.',
      'replica 2 wrote 420 before it received that change. Conflict: it expected document version 7, but the document was at version 8 with 400. It merged its 420 with that value: document version 9.',
      'The merge strategy of demand is custom: a function of this app that takes the midpoint of both values.',
      'All 2 replicas have 410 at document version 9.',
    ])
  })

  it('reports that nothing was written when the merge changed nothing', () => {
    const unchanged = { ...second, changed: false, version: 8 }
    const [, sentence] = summarizeEdits({
      ...target,
      strategy: 'max',
      writes: [first, unchanged],
      states: states(400, 8),
    })
    expect(sentence).toMatch(/nothing was written\.$/)
  })

  it('reports that the second writer had received the first change', () => {
    const informed = { ...second, before: { ...before, version: 8 }, conflicts: [] }
    const summary = summarizeEdits({ ...target, strategy: 'lww', writes: [first, informed], states: states(420, 9) })
    expect(summary[1]).toMatch(/had already received that change/)
    expect(summary).toHaveLength(3)
  })

  it("lists each replica's value when the replicas differ", () => {
    const [one, two] = states(410, 9)
    if (!one || !two) throw new Error('expected two states')
    const summary = summarizeEdits({
      ...target,
      strategy: 'lww',
      writes: [first],
      states: [one, { ...two, value: 400, version: 8 }],
    })
    expect(summary.at(-1)).toBe('replica 1 has 410 at version 9; replica 2 has 400 at version 8.')
  })
})

describe('summarizeCompareAndSet()', () => {
  it('describes a failed and a successful precondition with the field versions', () => {
    const failed: CompareAndSetResult = {
      ...target,
      read: before,
      other: { value: 400, fieldVersion: 4, version: 8 },
      edits: [{ instance: 'replica 1', value: 420 }, { instance: 'replica 2' }],
      attempt: { ok: false, value: 400, fieldVersion: 4, version: 8 },
      states: states(400, 8),
    }
    expect(summarizeCompareAndSet(failed)[2]).toBe(
      'replica 1 required field version 3 to write 420. Conflict: the field is at version 4. Nothing was written. The store returned the current value, 400.',
    )
    const succeeded: CompareAndSetResult = { ...failed, attempt: { ok: true, fieldVersion: 4 } }
    expect(summarizeCompareAndSet(succeeded)[2]).toMatch(
      /required field version 3, which was still current, and wrote 420: field version 4\.$/,
    )
  })
})
