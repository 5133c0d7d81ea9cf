import type { Position } from '@sync/core'
import type { Invocation, Operation, OperationHistory } from '../history/operation.ts'
import { TOTAL_FIELD } from '../workload/documents.ts'
import type { Copies } from '../workload/messages.ts'
import { type EpochHistory, parsePosition, wasReportedLost } from './epoch-history.ts'
import { checkRegisters } from './registers.ts'

/** What there is to compare at the end, when everything is back and at rest. */
export interface Evidence {
  readonly histories: readonly OperationHistory[]
  /** The store's documents, by key, with versions. */
  readonly store: Copies
  /** What each replica holds, and what its stream told. */
  readonly replicas: readonly { readonly name: string; readonly held: Copies; readonly delivered: Copies }[]
  /** Epoch changes, as the instances reported them. */
  readonly epochs: EpochHistory
}

/** What is wrong: an acknowledged write that is not there, one that counts twice, … */
export interface Finding {
  readonly what: 'lost' | 'twice' | 'not-asked' | 'torn' | 'differs' | 'not-linearizable'
  readonly text: string
}

/** What the comparison came to. */
export interface CheckResult {
  readonly acknowledged: number
  readonly conflicts: number
  readonly unknown: number
  readonly refused: number
  /** Acknowledged writes that the store lost, and told so by a new epoch. */
  readonly reportedLost: number
  /** Acknowledged writes that are gone, and nobody was told. */
  readonly lost: number
  /** Histories of compare-and-set that were judged. */
  readonly registers: number
  readonly findings: readonly Finding[]
}

/** Decides. Pure: of the same evidence it says the same. */
export function checkEvidence(evidence: Evidence): CheckResult {
  const { histories, epochs } = evidence
  const store = documentsOf(evidence.store)
  const checked = histories.flatMap(({ writer, operations }) =>
    [...groupBy(operations, ({ invocation }) => invocation.key)].map(([key, group]) =>
      checkOperations({ writer, key, ...groupOperations(group, epochs) }, store.get(key)),
    ),
  )
  const registers = checkRegisters(evidence)
  const entries = histories.flatMap((ledger) => ledger.operations)
  const count = (is: string): number => entries.filter(({ completion }) => completion?.is === is).length
  return {
    acknowledged: count('acknowledged'),
    conflicts: count('conflict'),
    unknown: count('unknown') + entries.filter(({ completion }) => completion === undefined).length,
    refused: count('refused'),
    reportedLost: entries.filter(({ completion }) => completion?.is === 'acknowledged' && wasLost(completion, epochs))
      .length,
    lost: checked.reduce((sum, { lost }) => sum + lost, 0),
    registers: registers.checked,
    findings: [
      ...registers.problems.map((text): Finding => ({ what: 'not-linearizable', text })),
      ...checked.flatMap(({ findings }) => findings),
      ...findTornTotals(store),
      ...evidence.replicas.flatMap(({ name, held, delivered }) => [
        ...findDifferences(`${name} holds`, held, evidence.store),
        ...findDifferences(`${name} was told`, delivered, evidence.store),
      ]),
    ],
  }
}

type Document = Readonly<Record<string, unknown>>

/** What one writer did to one document. */
interface WriterOperations extends OperationGroups {
  readonly writer: string
  readonly key: string
}

interface OperationGroups {
  /** Acknowledged, and not reported as lost since. */
  readonly durable: readonly Invocation[]
  /** Not acknowledged, or lost: perhaps done. */
  readonly indeterminate: readonly Invocation[]
  /** Said not to have been done. */
  readonly refused: readonly Invocation[]
}

interface CheckOutcome {
  readonly lost: number
  readonly findings: readonly Finding[]
}

const NO_FINDINGS: CheckOutcome = { lost: 0, findings: [] }

function groupOperations(entries: readonly Operation[], history: EpochHistory): OperationGroups {
  const invocations = (of: (entry: Operation) => boolean): Invocation[] =>
    entries.filter(of).map(({ invocation }) => invocation)
  const anyLoss = history.some(({ lost }) => lost)
  const durable = ({ completion }: Operation): boolean =>
    completion?.is === 'acknowledged' && (completion.position === undefined ? !anyLoss : !wasLost(completion, history))
  const refused = ({ completion }: Operation): boolean => completion?.is === 'refused' || completion?.is === 'conflict'
  return {
    durable: invocations(durable),
    refused: invocations(refused),
    indeterminate: invocations((entry) => !durable(entry) && !refused(entry)),
  }
}

/** Of a removal nobody is told where it stood. */
const wasLost = ({ position }: { readonly position?: Position }, history: EpochHistory): boolean =>
  position !== undefined && wasReportedLost(parsePosition(position), history)

function checkOperations(work: WriterOperations, document: Document | undefined): CheckOutcome {
  switch ([...work.durable, ...work.indeterminate, ...work.refused][0]?.op) {
    case 'mark':
      return checkMarks(work, Number(document?.[work.writer] ?? 0))
    case 'count':
      return checkCounts(work, Number(document?.[work.writer] ?? 0))
    case 'make':
    case 'remove':
      return checkCreations(work, document !== undefined)
    default:
      return NO_FINDINGS
  }
}

/** Its own field has the last of its marks: that one, or one after the last that stands. */
function checkMarks({ writer, key, durable, indeterminate, refused }: WriterOperations, found: number): CheckOutcome {
  const wrote = (invocations: readonly Invocation[]): boolean => invocations.some(({ n }) => n === found)
  const gone = durable.filter(({ n }) => n > found).map(({ n }) => n)
  const at = `${key}: ${writer} has left ${found}`
  if (gone.length > 0) return wrong('lost', `${at}, but ${gone.join(', ')} was acknowledged`, gone.length)
  if (wrote(refused)) return wrong('not-asked', `${at}, which was refused`)
  return found === 0 || wrote(durable) || wrote(indeterminate)
    ? NO_FINDINGS
    : wrong('not-asked', `${at}, which it never wrote`)
}

/** Its own field has one for each that was acknowledged, and for each that is open one or none. */
function checkCounts({ writer, key, durable, indeterminate }: WriterOperations, counted: number): CheckOutcome {
  const maxCount = durable.length + indeterminate.length
  const at = `${key}: ${writer} has counted ${counted}`
  if (counted < durable.length)
    return wrong('lost', `${at}, but ${durable.length} were acknowledged`, durable.length - counted)
  return counted > maxCount ? wrong('twice', `${at}, but wrote ${maxCount} times at most`) : NO_FINDINGS
}

/** A document that was made is there, unless it was removed. */
function checkCreations({ key, durable, indeterminate, refused }: WriterOperations, found: boolean): CheckOutcome {
  const has = (invocations: readonly Invocation[], op: Invocation['op']): boolean =>
    invocations.some((intent) => intent.op === op)
  if (found && has(durable, 'remove')) return wrong('lost', `${key} is there, but its removal was acknowledged`, 1)
  if (found && has(refused, 'make')) return wrong('not-asked', `${key} is there, but was refused`)
  if (!found && has(durable, 'make') && !has(durable, 'remove') && !has(indeterminate, 'remove'))
    return wrong('lost', `${key} is not there, but was acknowledged`, 1)
  return NO_FINDINGS
}

const wrong = (what: Finding['what'], text: string, lost = 0): CheckOutcome => ({ lost, findings: [{ what, text }] })

/** Each count adds to its writer's field and to the total in one write. */
function findTornTotals(store: ReadonlyMap<string, Document>): Finding[] {
  return [...store].flatMap(([key, document]) => {
    const total = document[TOTAL_FIELD]
    if (total === undefined) return []
    const sum = Object.entries(document).reduce(
      (before, [field, n]) => before + (field === TOTAL_FIELD ? 0 : Number(n)),
      0,
    )
    return sum === total ? [] : [{ what: 'torn', text: `${key}: the total is ${String(total)}, the parts make ${sum}` }]
  })
}

function findDifferences(who: string, copy: Copies, store: Copies): Finding[] {
  const keys = new Set([...Object.keys(copy), ...Object.keys(store)])
  const describeCopy = (one: Copies[string] | undefined): string => (one ? `version ${one[0]} ${one[1]}` : 'nothing')
  return [...keys]
    .filter((key) => describeCopy(copy[key]) !== describeCopy(store[key]))
    .map((key) => ({
      what: 'differs',
      text: `${key}: ${who} ${describeCopy(copy[key])}, the store ${describeCopy(store[key])}`,
    }))
}

const documentsOf = (copies: Copies): ReadonlyMap<string, Document> =>
  new Map(
    Object.entries(copies).map(([key, [, text]]) => [key, Object.fromEntries(JSON.parse(text) as [string, unknown][])]),
  )

function groupBy<V>(values: readonly V[], keyOf: (value: V) => string): Map<string, V[]> {
  const groups = new Map<string, V[]>()
  for (const value of values) {
    const key = keyOf(value)
    const group = groups.get(key)
    if (group) group.push(value)
    else groups.set(key, [value])
  }
  return groups
}
