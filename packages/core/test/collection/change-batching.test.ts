import { describe, expect, it } from 'vitest'
import { nextBatch } from '../../src/collection/change-batching.ts'
import type { Change, FieldEdit } from '../../src/model/change.ts'
import { type ReplicaEvent, replicaChange } from '../../src/replica/replica-event.ts'
import { growth } from '../cost.ts'

describe('nextBatch()', () => {
  it('returns a position for events before the first change', () => {
    const expiry = (key: string): ReplicaEvent => {
      const reset = { kind: 'reset', value: undefined, reason: 'expired' } as const
      return { key, epoch: 'e', sequence: 0, version: 1, at: 0, ...reset }
    }
    const batching = { maxBatch: 50, combine: false, values: false, matches: () => true }
    const { events } = nextBatch([expiry('x'), expiry('y')], batching, () => true)
    expect(events.map(({ position }) => position)).toEqual(['0.e', '0.e'])
  })
})

describe('nextBatch({ combine: true })', () => {
  const edit = (key: string, sequence: number, version: number, edits: Change['edits'], generation = 1): ReplicaEvent =>
    replicaChange(
      { key, epoch: 'e', sequence, generation, version, time: 0, origin: 'o', edits, opId: `o.${sequence}` } as Change,
      false,
    )
  const field = (at: number): FieldEdit => ({ kind: 'whole', field: `f${at % 10}`, value: at, version: at })
  const element = (at: number): FieldEdit => ({
    kind: 'delta',
    field: 'list',
    version: at,
    ops: [{ op: 'add', path: '/-', value: at }],
  })
  const created = (key: string, sequence: number): ReplicaEvent =>
    edit(key, sequence, 1, [{ kind: 'whole', field: 'list', value: [], version: 1 }], sequence)
  const combining = { maxBatch: 200, combine: true, values: false, matches: () => true }

  const backlogs: Record<string, (size: number) => ReplicaEvent[]> = {
    'fields of one document': (size) => Array.from({ length: size }, (_, at) => edit('x', at + 2, at + 2, [field(at)])),
    'elements of one list': (size) => Array.from({ length: size }, (_, at) => edit('x', at + 2, at + 2, [element(at)])),
    'elements of a created list': (size) => [
      created('x', 1),
      ...Array.from({ length: size }, (_, at) => edit('x', at + 2, at + 2, [element(at)])),
    ],
    'fields of 100 documents': (size) =>
      Array.from({ length: size }, (_, at) => edit(`x${at % 100}`, at + 2, at + 2, [field(at)])),
  }
  it.each(Object.entries(backlogs))('takes time linear in the waiting changes: %s', (_, backlog) => {
    const ratio = growth(1_000, (size) => {
      const pending = backlog(size)
      return () => nextBatch(pending, combining, () => true)
    })
    expect(ratio).toBeLessThan(6)
  })

  it('takes time linear in the documents of a batch', () => {
    const ratio = growth(2_500, (size) => {
      const pending = Array.from({ length: size }, (_, at) => edit(`x${at}`, at + 2, 2, [field(at)]))
      return () => nextBatch(pending, { ...combining, maxBatch: size }, () => true)
    })
    expect(ratio).toBeLessThan(6)
  })
})
