import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkEvidence, type Evidence, type Finding } from '../src/checker/checker.ts'
import type { Completion, Invocation, Operation } from '../src/history/operation.ts'
import { canonical } from '../src/workload/canonical.ts'
import { TOTAL_FIELD } from '../src/workload/documents.ts'
import type { Copies, EpochChange } from '../src/workload/messages.ts'

type Documents = Map<string, Record<string, number>>

/** One write: who, what, whether it was done, and what its writer was told. */
interface Act {
  readonly writer: string
  readonly op: Invocation['op']
  readonly key: string
  readonly done: boolean
  readonly told: Completion['is'] | 'nothing'
}

/** Carries acts out as a store that keeps its promises would. */
function evidenceOf(acts: readonly Act[]): Evidence {
  const documents: Documents = new Map()
  const histories = new Map<string, Operation[]>()
  for (const [at, { writer, op, key, done, told }] of acts.entries()) {
    const entries = histories.get(writer) ?? []
    histories.set(writer, entries)
    const invocation = { op, key, n: entries.length + 1, at } as Invocation
    if (done) perform(documents, writer, invocation)
    entries.push({ invocation, completion: outcomeOf(told, invocation) })
  }
  const store = copiesOf(documents)
  return {
    histories: [...histories].map(([writer, entries]) => ({ writer, operations: entries })),
    store,
    replicas: ['r1', 'r2'].map((name) => ({ name, held: store, delivered: store })),
    epochs: [],
  }
}

const outcomeOf = (told: Act['told'], { n, at }: Invocation): Completion | undefined =>
  told === 'nothing' ? undefined : ({ is: told, n, at, position: `${at + 1}.a` } as Completion)

function perform(documents: Documents, writer: string, { op, key, n }: Invocation): void {
  const document = documents.get(key) ?? {}
  if (op === 'remove') documents.delete(key)
  else documents.set(key, document)
  if (op === 'mark') document[writer] = n
  if (op === 'make') document['n'] = n
  if (op === 'count') for (const field of [writer, TOTAL_FIELD]) document[field] = (document[field] ?? 0) + 1
}

const copiesOf = (documents: Documents): Copies =>
  Object.fromEntries([...documents].map(([key, document]) => [key, [1, canonical(document)] as const]))

const act = (
  writer: string,
  op: Invocation['op'],
  key: string,
  told: Act['told'] = 'acknowledged',
  done = true,
): Act => ({
  writer,
  op,
  key,
  told,
  done,
})

/** What a writer may be told of what was done, and of what was not. */
const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.oneof(
    fc.record({
      writer: fc.constantFrom('w1', 'w2'),
      op: fc.constantFrom('mark' as const),
      key: fc.constantFrom('mark-0', 'mark-1'),
      done: fc.constant(true),
      told: fc.constantFrom('acknowledged' as const, 'unknown' as const, 'nothing' as const),
    }),
    fc.record({
      writer: fc.constantFrom('w1', 'w2'),
      op: fc.constantFrom('count' as const),
      key: fc.constantFrom('count-0', 'count-1'),
      done: fc.constant(false),
      told: fc.constantFrom('refused' as const, 'unknown' as const, 'nothing' as const),
    }),
    fc.record({
      writer: fc.constantFrom('w1', 'w2'),
      op: fc.constantFrom('count' as const),
      key: fc.constantFrom('count-0', 'count-1'),
      done: fc.constant(true),
      told: fc.constantFrom('acknowledged' as const, 'unknown' as const, 'nothing' as const),
    }),
  ),
  { maxLength: 30 },
)

const whats = (evidence: Evidence): Finding['what'][] => checkEvidence(evidence).findings.map(({ what }) => what)

function edited(store: Copies, key: string, edit: (document: Record<string, number>) => void): Copies {
  const [version, text] = store[key] ?? [0, '[]']
  const document = Object.fromEntries(JSON.parse(text) as [string, number][])
  edit(document)
  return { ...store, [key]: [version, canonical(document)] }
}

/** The same, of replicas that have what the store has. */
const withStore = (evidence: Evidence, store: Copies): Evidence => ({
  ...evidence,
  store,
  replicas: evidence.replicas.map(({ name }) => ({ name, held: store, delivered: store })),
})

describe('the auditor finds nothing', () => {
  test('whatever was begun and answered, where answers and store are true', () => {
    fc.assert(
      fc.property(
        acts,
        (done) => void expect(checkEvidence(evidenceOf(done))).toMatchObject({ lost: 0, findings: [] }),
      ),
    )
  })

  test('counts what writers were told', () => {
    const evidence = evidenceOf([
      act('w1', 'mark', 'mark-0'),
      act('w1', 'mark', 'mark-0', 'unknown', false),
      act('w1', 'mark', 'mark-0', 'nothing', false),
      act('w2', 'mark', 'mark-0', 'refused', false),
      act('w2', 'make', 'made-1'),
      act('w2', 'remove', 'made-1'),
    ])
    expect(checkEvidence(evidence)).toEqual({
      acknowledged: 3,
      conflicts: 0,
      unknown: 2,
      refused: 1,
      reportedLost: 0,
      lost: 0,
      registers: 0,
      findings: [],
    })
  })
})

describe('the auditor finds', () => {
  const counted = evidenceOf([
    act('w1', 'count', 'count-0'),
    act('w1', 'count', 'count-0'),
    act('w2', 'count', 'count-0'),
  ])

  test('an acknowledged mark that is not there', () => {
    const evidence = evidenceOf([act('w1', 'mark', 'mark-0'), act('w1', 'mark', 'mark-0', 'acknowledged', false)])
    expect(checkEvidence(evidence)).toMatchObject({
      lost: 1,
      findings: [{ what: 'lost', text: 'mark-0: w1 has left 1, but 2 was acknowledged' }],
    })
  })

  test('an acknowledged count that is not there, whatever was begun besides', () => {
    fc.assert(
      fc.property(acts, fc.nat(30), (done, at) => {
        const lost = done.toSpliced(at, 0, act('w3', 'count', 'count-0', 'acknowledged', false))
        expect(checkEvidence(evidenceOf(lost)).lost).toBe(1)
      }),
    )
  })

  test('a count that was done twice', () => {
    const store = edited(counted.store, 'count-0', (document) => {
      document['w1'] = 3
      document[TOTAL_FIELD] = 4
    })
    expect(whats(withStore(counted, store))).toEqual(['twice'])
  })

  test('a count of which only a part was done', () => {
    const store = edited(counted.store, 'count-0', (document) => {
      document[TOTAL_FIELD] = 2
    })
    expect(whats(withStore(counted, store))).toEqual(['torn'])
  })

  test('a refused write that was done', () => {
    expect(whats(evidenceOf([act('w1', 'mark', 'mark-0', 'refused')]))).toEqual(['not-asked'])
    expect(whats(evidenceOf([act('w1', 'count', 'count-0', 'refused')]))).toEqual(['twice'])
    expect(whats(evidenceOf([act('w1', 'make', 'made-1', 'refused')]))).toEqual(['not-asked'])
  })

  test('a value that nobody wrote', () => {
    const evidence = evidenceOf([act('w1', 'mark', 'mark-0', 'unknown')])
    const store = edited(evidence.store, 'mark-0', (document) => {
      document['w1'] = 9
    })
    expect(whats(withStore(evidence, store))).toEqual(['not-asked'])
  })

  test('a document that was made and is gone, and one that was removed and is there', () => {
    expect(whats(evidenceOf([act('w1', 'make', 'made-1', 'acknowledged', false)]))).toEqual(['lost'])
    const back = [act('w1', 'make', 'made-1'), act('w1', 'remove', 'made-1', 'acknowledged', false)]
    expect(whats(evidenceOf(back))).toEqual(['lost'])
    const perhaps = [act('w1', 'make', 'made-1'), act('w1', 'remove', 'made-1', 'unknown')]
    expect(whats(evidenceOf(perhaps))).toEqual([])
  })

  test.each(['held', 'told'] as const)('a replica whose %s copy is another one', (copy) => {
    const [first, second] = counted.replicas
    const stale = { ...counted.store, 'count-0': [0, '[]'] as const }
    const more = { ...counted.store, 'made-9': [1, '[]'] as const }
    for (const wrong of [stale, {}, more]) {
      const replicas = [first, { ...second, [copy]: wrong }] as Evidence['replicas']
      expect(whats({ ...counted, replicas })).toEqual(['differs'])
    }
  })
})

describe('a loss that an epoch told', () => {
  const lost = evidenceOf([
    act('w1', 'mark', 'mark-0'),
    act('w1', 'count', 'count-0'),
    act('w1', 'mark', 'mark-0', 'acknowledged', false),
    act('w1', 'count', 'count-0', 'acknowledged', false),
  ])
  const epoch = (change: Partial<EpochChange>): EpochChange => ({ from: 'a', to: 'b', lost: true, fork: 2, ...change })

  test('is none of ours', () => {
    expect(checkEvidence({ ...lost, epochs: [epoch({})] })).toMatchObject({ lost: 0, reportedLost: 2, findings: [] })
  })

  test('through several epochs, in whatever order they were told', () => {
    const epochs = [epoch({ from: 'b', to: 'c' }), epoch({ fork: 4, lost: false })]
    expect(checkEvidence({ ...lost, epochs })).toMatchObject({ lost: 0, reportedLost: 2 })
  })

  test.each([
    ['that began above it', epoch({ fork: 4 })],
    ['that lost nothing', epoch({ lost: false })],
    ['of another history', epoch({ from: 'x', to: 'y' })],
  ])('does not excuse it if it is one %s', (_, change) => {
    expect(checkEvidence({ ...lost, epochs: [change] }).lost).toBe(2)
  })

  test('does not excuse what stands below it', () => {
    expect(checkEvidence({ ...lost, epochs: [epoch({ fork: 3 })] }).lost).toBe(1)
  })
})
