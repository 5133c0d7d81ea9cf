import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkEvidence, type Evidence, type Finding } from '../src/checker/checker.ts'
import type { Completion, Invocation, Operation } from '../src/history/operation.ts'
import { canonical } from '../src/workload/canonical.ts'
import { TOTAL_FIELD } from '../src/workload/documents.ts'
import type { Copies, EpochChange } from '../src/workload/messages.ts'

type Documents = Map<string, Record<string, number>>

/** One write: whether the store executed it, and the result that its writer received. */
interface Write {
  readonly writer: string
  readonly op: Invocation['op']
  readonly key: string
  readonly executed: boolean
  readonly result: Completion['is'] | 'none'
}

/** Returns the evidence that a correct store leaves after these writes. */
function evidenceOf(writes: readonly Write[]): Evidence {
  const documents: Documents = new Map()
  const histories = new Map<string, Operation[]>()
  for (const [at, { writer, op, key, executed, result }] of writes.entries()) {
    const entries = histories.get(writer) ?? []
    histories.set(writer, entries)
    const invocation = { op, key, n: entries.length + 1, at } as Invocation
    if (executed) perform(documents, writer, invocation)
    entries.push({ invocation, completion: completionOf(result, invocation) })
  }
  const store = copiesOf(documents)
  return {
    histories: [...histories].map(([writer, entries]) => ({ writer, operations: entries })),
    store,
    replicas: ['r1', 'r2'].map((name) => ({ name, cached: store, delivered: store })),
    epochs: [],
  }
}

const completionOf = (result: Write['result'], { n, at }: Invocation): Completion | undefined =>
  result === 'none' ? undefined : ({ is: result, n, at, position: `${at + 1}.a` } as Completion)

function perform(documents: Documents, writer: string, { op, key, n }: Invocation): void {
  const document = documents.get(key) ?? {}
  if (op === 'delete') documents.delete(key)
  else documents.set(key, document)
  if (op === 'mark') document[writer] = n
  if (op === 'create') document['n'] = n
  if (op === 'count') for (const field of [writer, TOTAL_FIELD]) document[field] = (document[field] ?? 0) + 1
}

const copiesOf = (documents: Documents): Copies =>
  Object.fromEntries([...documents].map(([key, document]) => [key, [1, canonical(document)] as const]))

const write = (
  writer: string,
  op: Invocation['op'],
  key: string,
  result: Write['result'] = 'acknowledged',
  executed = true,
): Write => ({
  writer,
  op,
  key,
  result,
  executed,
})

/** Writes with results that a correct store can give. */
const correctWrites: fc.Arbitrary<Write[]> = fc.array(
  fc.oneof(
    fc.record({
      writer: fc.constantFrom('w1', 'w2'),
      op: fc.constantFrom('mark' as const),
      key: fc.constantFrom('mark-0', 'mark-1'),
      executed: fc.constant(true),
      result: fc.constantFrom('acknowledged' as const, 'unknown' as const, 'none' as const),
    }),
    fc.record({
      writer: fc.constantFrom('w1', 'w2'),
      op: fc.constantFrom('count' as const),
      key: fc.constantFrom('count-0', 'count-1'),
      executed: fc.constant(false),
      result: fc.constantFrom('rejected' as const, 'unknown' as const, 'none' as const),
    }),
    fc.record({
      writer: fc.constantFrom('w1', 'w2'),
      op: fc.constantFrom('count' as const),
      key: fc.constantFrom('count-0', 'count-1'),
      executed: fc.constant(true),
      result: fc.constantFrom('acknowledged' as const, 'unknown' as const, 'none' as const),
    }),
  ),
  { maxLength: 30 },
)

const kindsFound = (evidence: Evidence): Finding['kind'][] => checkEvidence(evidence).findings.map(({ kind }) => kind)

function edited(store: Copies, key: string, edit: (document: Record<string, number>) => void): Copies {
  const [version, text] = store[key] ?? [0, '[]']
  const document = Object.fromEntries(JSON.parse(text) as [string, number][])
  edit(document)
  return { ...store, [key]: [version, canonical(document)] }
}

/** Replaces the store's documents, in the store and in all replicas. */
const withStore = (evidence: Evidence, store: Copies): Evidence => ({
  ...evidence,
  store,
  replicas: evidence.replicas.map(({ name }) => ({ name, cached: store, delivered: store })),
})

describe('checkEvidence', () => {
  it('finds no violation in the evidence of a correct store', () => {
    fc.assert(
      fc.property(
        correctWrites,
        (writes) => void expect(checkEvidence(evidenceOf(writes))).toMatchObject({ lost: 0, findings: [] }),
      ),
    )
  })

  it('counts the results that writers received', () => {
    const evidence = evidenceOf([
      write('w1', 'mark', 'mark-0'),
      write('w1', 'mark', 'mark-0', 'unknown', false),
      write('w1', 'mark', 'mark-0', 'none', false),
      write('w2', 'mark', 'mark-0', 'rejected', false),
      write('w2', 'create', 'created-1'),
      write('w2', 'delete', 'created-1'),
    ])
    expect(checkEvidence(evidence)).toEqual({
      acknowledged: 3,
      conflicts: 0,
      unknown: 2,
      rejected: 1,
      reportedLost: 0,
      lost: 0,
      registers: 0,
      findings: [],
    })
  })
})

describe('checkEvidence, with a violation', () => {
  const counted = evidenceOf([
    write('w1', 'count', 'count-0'),
    write('w1', 'count', 'count-0'),
    write('w2', 'count', 'count-0'),
  ])

  it('finds a lost mark', () => {
    const evidence = evidenceOf([write('w1', 'mark', 'mark-0'), write('w1', 'mark', 'mark-0', 'acknowledged', false)])
    expect(checkEvidence(evidence)).toMatchObject({
      lost: 1,
      findings: [{ kind: 'lost', text: 'mark-0: the mark of w1 is 1, but 2 was acknowledged' }],
    })
  })

  it('finds a lost count among any other writes', () => {
    fc.assert(
      fc.property(correctWrites, fc.nat(30), (writes, at) => {
        const withLoss = writes.toSpliced(at, 0, write('w3', 'count', 'count-0', 'acknowledged', false))
        expect(checkEvidence(evidenceOf(withLoss)).lost).toBe(1)
      }),
    )
  })

  it('finds a count that was applied twice', () => {
    const store = edited(counted.store, 'count-0', (document) => {
      document['w1'] = 3
      document[TOTAL_FIELD] = 4
    })
    expect(kindsFound(withStore(counted, store))).toEqual(['applied-twice'])
  })

  it('finds a count that was applied partially', () => {
    const store = edited(counted.store, 'count-0', (document) => {
      document[TOTAL_FIELD] = 2
    })
    expect(kindsFound(withStore(counted, store))).toEqual(['torn'])
  })

  it('finds a rejected write that took effect', () => {
    expect(kindsFound(evidenceOf([write('w1', 'mark', 'mark-0', 'rejected')]))).toEqual(['unexpected'])
    expect(kindsFound(evidenceOf([write('w1', 'count', 'count-0', 'rejected')]))).toEqual(['applied-twice'])
    expect(kindsFound(evidenceOf([write('w1', 'create', 'created-1', 'rejected')]))).toEqual(['unexpected'])
  })

  it('finds a value that was never written', () => {
    const evidence = evidenceOf([write('w1', 'mark', 'mark-0', 'unknown')])
    const store = edited(evidence.store, 'mark-0', (document) => {
      document['w1'] = 9
    })
    expect(kindsFound(withStore(evidence, store))).toEqual(['unexpected'])
  })

  it('finds a missing document and one whose deletion was acknowledged', () => {
    expect(kindsFound(evidenceOf([write('w1', 'create', 'created-1', 'acknowledged', false)]))).toEqual(['lost'])
    const notDeleted = [write('w1', 'create', 'created-1'), write('w1', 'delete', 'created-1', 'acknowledged', false)]
    expect(kindsFound(evidenceOf(notDeleted))).toEqual(['lost'])
    const perhapsDeleted = [write('w1', 'create', 'created-1'), write('w1', 'delete', 'created-1', 'unknown')]
    expect(kindsFound(evidenceOf(perhapsDeleted))).toEqual([])
  })

  it.each(['cached', 'delivered'] as const)("finds a replica's %s copy that differs from the store", (copy) => {
    const [first, second] = counted.replicas
    const stale = { ...counted.store, 'count-0': [0, '[]'] as const }
    const additional = { ...counted.store, 'created-9': [1, '[]'] as const }
    for (const different of [stale, {}, additional]) {
      const replicas = [first, { ...second, [copy]: different }] as Evidence['replicas']
      expect(kindsFound({ ...counted, replicas })).toEqual(['differs'])
    }
  })
})

describe('checkEvidence, with a loss that an epoch reported', () => {
  const lost = evidenceOf([
    write('w1', 'mark', 'mark-0'),
    write('w1', 'count', 'count-0'),
    write('w1', 'mark', 'mark-0', 'acknowledged', false),
    write('w1', 'count', 'count-0', 'acknowledged', false),
  ])
  const epoch = (change: Partial<EpochChange>): EpochChange => ({ from: 'a', to: 'b', lost: true, fork: 2, ...change })

  it('counts the loss as reported, not as a violation', () => {
    expect(checkEvidence({ ...lost, epochs: [epoch({})] })).toMatchObject({ lost: 0, reportedLost: 2, findings: [] })
  })

  it('follows several epochs, reported in any order', () => {
    const epochs = [epoch({ from: 'b', to: 'c' }), epoch({ fork: 4, lost: false })]
    expect(checkEvidence({ ...lost, epochs })).toMatchObject({ lost: 0, reportedLost: 2 })
  })

  it.each([
    ['began above it', epoch({ fork: 4 })],
    ['lost nothing', epoch({ lost: false })],
    ['belongs to another history', epoch({ from: 'x', to: 'y' })],
  ])('finds the loss when the epoch %s', (_, change) => {
    expect(checkEvidence({ ...lost, epochs: [change] }).lost).toBe(2)
  })

  it('finds the loss of a write below the fork', () => {
    expect(checkEvidence({ ...lost, epochs: [epoch({ fork: 3 })] }).lost).toBe(1)
  })
})
