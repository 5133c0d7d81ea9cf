import { expect, it } from 'vitest'
import { summarizeCompareAndSet, summarizeEdits } from '../src/edit-summary.ts'
import type { CompareAndSetResult, ConcurrentEdits, EditWrite } from '../src/edits.ts'

const before = { value: 380, fieldVersion: 3, version: 7 }
const held = (value: number, version: number): ConcurrentEdits['held'] =>
  ['replica 1', 'replica 2'].map((instance) => ({ instance, value, fieldVersion: 5, version }))
const first: EditWrite = {
  instance: 'replica 1',
  actor: 'Ann',
  wanted: 400,
  before,
  version: 8,
  changed: true,
  conflicts: [],
}
const met = { reason: 'field', expected: 7, found: 8, remote: 400 }
const second: EditWrite = { ...first, instance: 'replica 2', wanted: 420, version: 9, conflicts: [met] }
const target = { key: 'unit-001', field: 'demand' } as const

it('tells a conflict with what was expected, what was found and the rule that decided', () => {
  const told = summarizeEdits({ ...target, strategy: 'custom', writes: [first, second], held: held(410, 9) })
  expect(told).toEqual([
    'replica 1 wrote demand = 400: document version 8.',
    'replica 2 wrote 420, not knowing of it. Conflict: it expected document version 7 and found version 8, with 400. It merged its 420 with that: document version 9.',
    'The rule of demand is custom: a function of this app, by which two values meet in the middle.',
    'All 2 replicas hold 410 at document version 9.',
  ])
})

it('tells that there was nothing left to write', () => {
  const nothing = { ...second, changed: false, version: 8 }
  const [, told] = summarizeEdits({ ...target, strategy: 'max', writes: [first, nothing], held: held(400, 8) })
  expect(told).toMatch(/nothing to write\.$/)
})

it('tells that the second had heard of the first', () => {
  const knowing = { ...second, before: { ...before, version: 8 }, conflicts: [] }
  const told = summarizeEdits({ ...target, strategy: 'lww', writes: [first, knowing], held: held(420, 9) })
  expect(told[1]).toMatch(/had heard of it by then/)
  expect(told).toHaveLength(3)
})

it('tells which replica holds something else', () => {
  const [one, two] = held(410, 9)
  if (!one || !two) throw new Error('two are needed')
  const told = summarizeEdits({
    ...target,
    strategy: 'lww',
    writes: [first],
    held: [one, { ...two, value: 400, version: 8 }],
  })
  expect(told.at(-1)).toBe('replica 1 holds 410 at version 9; replica 2 holds 400 at version 8.')
})

it('tells a condition that did not hold with both versions, and one that did', () => {
  const lost: CompareAndSetResult = {
    ...target,
    read: before,
    other: { value: 400, fieldVersion: 4, version: 8 },
    hands: [{ instance: 'replica 1', wanted: 420 }, { instance: 'replica 2' }],
    tried: { ok: false, value: 400, fieldVersion: 4, version: 8 },
    held: held(400, 8),
  }
  expect(summarizeCompareAndSet(lost)[2]).toBe(
    'replica 1 wanted 420 only if the field was still at version 3. Conflict: the store has version 4. Nothing was written; the answer was 400, to decide again.',
  )
  const won: CompareAndSetResult = { ...lost, tried: { ok: true, fieldVersion: 4 } }
  expect(summarizeCompareAndSet(won)[2]).toMatch(/version 3, which still held: field version 4\.$/)
})
