import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { audit, type Evidence, type Finding } from '../src/audit/audit.ts'
import type { Entry, Intent, Outcome } from '../src/ledger/entry.ts'
import { canonical } from '../src/work/canonical.ts'
import { TOTAL } from '../src/work/documents.ts'
import type { Copies, EpochChange } from '../src/work/messages.ts'

type Documents = Map<string, Record<string, number>>

/** One write: who, what, whether it was done, and what its writer was told. */
interface Act {
  readonly writer: string
  readonly op: Intent['op']
  readonly key: string
  readonly done: boolean
  readonly told: Outcome['is'] | 'nothing'
}

/** Carries acts out as a store that keeps its promises would. */
function stage(acts: readonly Act[]): Evidence {
  const documents: Documents = new Map()
  const ledgers = new Map<string, Entry[]>()
  for (const [at, { writer, op, key, done, told }] of acts.entries()) {
    const entries = ledgers.get(writer) ?? []
    ledgers.set(writer, entries)
    const intent = { op, key, n: entries.length + 1, at } as Intent
    if (done) perform(documents, writer, intent)
    entries.push({ intent, outcome: outcomeOf(told, intent) })
  }
  const store = copiesOf(documents)
  return {
    ledgers: [...ledgers].map(([writer, entries]) => ({ writer, entries })),
    store,
    replicas: ['r1', 'r2'].map((name) => ({ name, held: store, told: store })),
    history: [],
  }
}

const outcomeOf = (told: Act['told'], { n, at }: Intent): Outcome | undefined =>
  told === 'nothing' ? undefined : ({ is: told, n, at, position: `${at + 1}.a` } as Outcome)

function perform(documents: Documents, writer: string, { op, key, n }: Intent): void {
  const document = documents.get(key) ?? {}
  if (op === 'remove') documents.delete(key)
  else documents.set(key, document)
  if (op === 'mark') document[writer] = n
  if (op === 'make') document['n'] = n
  if (op === 'count') for (const field of [writer, TOTAL]) document[field] = (document[field] ?? 0) + 1
}

const copiesOf = (documents: Documents): Copies =>
  Object.fromEntries([...documents].map(([key, document]) => [key, [1, canonical(document)] as const]))

const act = (writer: string, op: Intent['op'], key: string, told: Act['told'] = 'acknowledged', done = true): Act => ({
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

const whats = (evidence: Evidence): Finding['what'][] => audit(evidence).findings.map(({ what }) => what)

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
  replicas: evidence.replicas.map(({ name }) => ({ name, held: store, told: store })),
})

describe('the auditor finds nothing', () => {
  test('whatever was begun and answered, where answers and store are true', () => {
    fc.assert(fc.property(acts, (done) => void expect(audit(stage(done))).toMatchObject({ lost: 0, findings: [] })))
  })

  test('counts what writers were told', () => {
    const evidence = stage([
      act('w1', 'mark', 'mark-0'),
      act('w1', 'mark', 'mark-0', 'unknown', false),
      act('w1', 'mark', 'mark-0', 'nothing', false),
      act('w2', 'mark', 'mark-0', 'refused', false),
      act('w2', 'make', 'made-1'),
      act('w2', 'remove', 'made-1'),
    ])
    expect(audit(evidence)).toEqual({
      acknowledged: 3,
      conflicts: 0,
      unknown: 2,
      refused: 1,
      toldLost: 0,
      lost: 0,
      registers: 0,
      findings: [],
    })
  })
})

describe('the auditor finds', () => {
  const counted = stage([act('w1', 'count', 'count-0'), act('w1', 'count', 'count-0'), act('w2', 'count', 'count-0')])

  test('an acknowledged mark that is not there', () => {
    const evidence = stage([act('w1', 'mark', 'mark-0'), act('w1', 'mark', 'mark-0', 'acknowledged', false)])
    expect(audit(evidence)).toMatchObject({
      lost: 1,
      findings: [{ what: 'lost', text: 'mark-0: w1 has left 1, but 2 was acknowledged' }],
    })
  })

  test('an acknowledged count that is not there, whatever was begun besides', () => {
    fc.assert(
      fc.property(acts, fc.nat(30), (done, at) => {
        const lost = done.toSpliced(at, 0, act('w3', 'count', 'count-0', 'acknowledged', false))
        expect(audit(stage(lost)).lost).toBe(1)
      }),
    )
  })

  test('a count that was done twice', () => {
    const store = edited(counted.store, 'count-0', (document) => {
      document['w1'] = 3
      document[TOTAL] = 4
    })
    expect(whats(withStore(counted, store))).toEqual(['twice'])
  })

  test('a count of which only a part was done', () => {
    const store = edited(counted.store, 'count-0', (document) => {
      document[TOTAL] = 2
    })
    expect(whats(withStore(counted, store))).toEqual(['torn'])
  })

  test('a refused write that was done', () => {
    expect(whats(stage([act('w1', 'mark', 'mark-0', 'refused')]))).toEqual(['not-asked'])
    expect(whats(stage([act('w1', 'count', 'count-0', 'refused')]))).toEqual(['twice'])
    expect(whats(stage([act('w1', 'make', 'made-1', 'refused')]))).toEqual(['not-asked'])
  })

  test('a value that nobody wrote', () => {
    const evidence = stage([act('w1', 'mark', 'mark-0', 'unknown')])
    const store = edited(evidence.store, 'mark-0', (document) => {
      document['w1'] = 9
    })
    expect(whats(withStore(evidence, store))).toEqual(['not-asked'])
  })

  test('a document that was made and is gone, and one that was removed and is there', () => {
    expect(whats(stage([act('w1', 'make', 'made-1', 'acknowledged', false)]))).toEqual(['lost'])
    const back = [act('w1', 'make', 'made-1'), act('w1', 'remove', 'made-1', 'acknowledged', false)]
    expect(whats(stage(back))).toEqual(['lost'])
    const perhaps = [act('w1', 'make', 'made-1'), act('w1', 'remove', 'made-1', 'unknown')]
    expect(whats(stage(perhaps))).toEqual([])
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
  const lost = stage([
    act('w1', 'mark', 'mark-0'),
    act('w1', 'count', 'count-0'),
    act('w1', 'mark', 'mark-0', 'acknowledged', false),
    act('w1', 'count', 'count-0', 'acknowledged', false),
  ])
  const epoch = (change: Partial<EpochChange>): EpochChange => ({ from: 'a', to: 'b', lost: true, fork: 2, ...change })

  test('is none of ours', () => {
    expect(audit({ ...lost, history: [epoch({})] })).toMatchObject({ lost: 0, toldLost: 2, findings: [] })
  })

  test('through several epochs, in whatever order they were told', () => {
    const history = [epoch({ from: 'b', to: 'c' }), epoch({ fork: 4, lost: false })]
    expect(audit({ ...lost, history })).toMatchObject({ lost: 0, toldLost: 2 })
  })

  test.each([
    ['that began above it', epoch({ fork: 4 })],
    ['that lost nothing', epoch({ lost: false })],
    ['of another history', epoch({ from: 'x', to: 'y' })],
  ])('does not excuse it if it is one %s', (_, change) => {
    expect(audit({ ...lost, history: [change] }).lost).toBe(2)
  })

  test('does not excuse what stands below it', () => {
    expect(audit({ ...lost, history: [epoch({ fork: 3 })] }).lost).toBe(1)
  })
})
