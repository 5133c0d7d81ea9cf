import type { Position } from '@sync/core'
import type { Invocation, Operation, OperationHistory } from '../history/operation.ts'
import { TOTAL_FIELD } from '../workload/documents.ts'
import type { Copies } from '../workload/messages.ts'
import { type EpochHistory, parsePosition, wasReportedLost } from './epoch-history.ts'
import { checkRegisters } from './registers.ts'

/** Everything that the checker compares, collected when all faults have ended and no write is pending. */
export interface Evidence {
  readonly histories: readonly OperationHistory[]
  /** The store's documents with their versions, by key. */
  readonly store: Copies
  /** The documents that each replica has cached, and those that result from its change stream. */
  readonly replicas: readonly { readonly name: string; readonly cached: Copies; readonly delivered: Copies }[]
  /** Epoch changes that the instances reported. */
  readonly epochs: EpochHistory
}

/** A violation, such as a lost acknowledged write, or one that was applied twice. */
export interface Finding {
  readonly kind: 'lost' | 'applied-twice' | 'unexpected' | 'torn' | 'differs' | 'not-linearizable'
  readonly text: string
}

/** Result of the check. */
export interface CheckResult {
  readonly acknowledged: number
  readonly conflicts: number
  readonly unknown: number
  readonly rejected: number
  /** Number of acknowledged writes that the store lost and reported as lost by a new epoch. */
  readonly reportedLost: number
  /** Number of acknowledged writes that were lost without a report. */
  readonly lost: number
  /** Number of registers whose compare-and-set history was checked. */
  readonly registers: number
  readonly findings: readonly Finding[]
}

/** Checks the evidence. A pure function. */
export function checkEvidence(evidence: Evidence): CheckResult {
  const { histories, epochs } = evidence
  const store = documentsOf(evidence.store)
  const checked = histories.flatMap(({ writer, operations }) =>
    [...groupBy(operations, ({ invocation }) => invocation.key)].map(([key, group]) =>
      checkOperations({ writer, key, ...groupOperations(group, epochs) }, store.get(key)),
    ),
  )
  const registers = checkRegisters(evidence)
  const entries = histories.flatMap((history) => history.operations)
  const count = (is: string): number => entries.filter(({ completion }) => completion?.is === is).length
  return {
    acknowledged: count('acknowledged'),
    conflicts: count('conflict'),
    unknown: count('unknown') + entries.filter(({ completion }) => completion === undefined).length,
    rejected: count('rejected'),
    reportedLost: entries.filter(({ completion }) => completion?.is === 'acknowledged' && wasLost(completion, epochs))
      .length,
    lost: checked.reduce((sum, { lost }) => sum + lost, 0),
    registers: registers.checked,
    findings: [
      ...registers.problems.map((text): Finding => ({ kind: 'not-linearizable', text })),
      ...checked.flatMap(({ findings }) => findings),
      ...findTornTotals(store),
      ...evidence.replicas.flatMap(({ name, cached, delivered }) => [
        ...findDifferences(`${name} has cached`, cached, evidence.store),
        ...findDifferences(`the stream of ${name} delivered`, delivered, evidence.store),
      ]),
    ],
  }
}

type Document = Readonly<Record<string, unknown>>

/** One writer's operations on one document. */
interface WriterOperations extends OperationGroups {
  readonly writer: string
  readonly key: string
}

interface OperationGroups {
  /** Acknowledged, and not reported as lost. These must have an effect. */
  readonly durable: readonly Invocation[]
  /** Not acknowledged, or reported as lost. These may have an effect. */
  readonly indeterminate: readonly Invocation[]
  /** Rejected or conflicted. These must not have an effect. */
  readonly rejected: readonly Invocation[]
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
  const rejected = ({ completion }: Operation): boolean =>
    completion?.is === 'rejected' || completion?.is === 'conflict'
  return {
    durable: invocations(durable),
    rejected: invocations(rejected),
    indeterminate: invocations((entry) => !durable(entry) && !rejected(entry)),
  }
}

/** Whether an acknowledged write was reported as lost. False without a position, which `delete` does not return. */
const wasLost = ({ position }: { readonly position?: Position }, history: EpochHistory): boolean =>
  position !== undefined && wasReportedLost(parsePosition(position), history)

function checkOperations(work: WriterOperations, document: Document | undefined): CheckOutcome {
  switch ([...work.durable, ...work.indeterminate, ...work.rejected][0]?.op) {
    case 'mark':
      return checkMarks(work, Number(document?.[work.writer] ?? 0))
    case 'count':
      return checkCounts(work, Number(document?.[work.writer] ?? 0))
    case 'create':
    case 'delete':
      return checkCreations(work, document !== undefined)
    default:
      return NO_FINDINGS
  }
}

/** The writer's field must contain its last durable mark, or a later indeterminate one. */
function checkMarks({ writer, key, durable, indeterminate, rejected }: WriterOperations, found: number): CheckOutcome {
  const includesFound = (invocations: readonly Invocation[]): boolean => invocations.some(({ n }) => n === found)
  const lost = durable.filter(({ n }) => n > found).map(({ n }) => n)
  const at = `${key}: the mark of ${writer} is ${found}`
  if (lost.length > 0) return finding('lost', `${at}, but ${lost.join(', ')} was acknowledged`, lost.length)
  if (includesFound(rejected)) return finding('unexpected', `${at}, which was rejected`)
  return found === 0 || includesFound(durable) || includesFound(indeterminate)
    ? NO_FINDINGS
    : finding('unexpected', `${at}, which it never wrote`)
}

/** The writer's field must count every durable increment once, and each indeterminate one at most once. */
function checkCounts({ writer, key, durable, indeterminate }: WriterOperations, counted: number): CheckOutcome {
  const maxCount = durable.length + indeterminate.length
  const at = `${key}: the count of ${writer} is ${counted}`
  if (counted < durable.length)
    return finding('lost', `${at}, but ${durable.length} were acknowledged`, durable.length - counted)
  return counted > maxCount ? finding('applied-twice', `${at}, but it wrote at most ${maxCount} times`) : NO_FINDINGS
}

/** A document whose creation is durable must exist, unless it was deleted. */
function checkCreations({ key, durable, indeterminate, rejected }: WriterOperations, found: boolean): CheckOutcome {
  const includes = (invocations: readonly Invocation[], op: Invocation['op']): boolean =>
    invocations.some((invocation) => invocation.op === op)
  if (found && includes(durable, 'delete'))
    return finding('lost', `${key} exists, but its deletion was acknowledged`, 1)
  if (found && includes(rejected, 'create'))
    return finding('unexpected', `${key} exists, but its creation was rejected`)
  if (!found && includes(durable, 'create') && !includes(durable, 'delete') && !includes(indeterminate, 'delete'))
    return finding('lost', `${key} does not exist, but its creation was acknowledged`, 1)
  return NO_FINDINGS
}

const finding = (kind: Finding['kind'], text: string, lost = 0): CheckOutcome => ({ lost, findings: [{ kind, text }] })

/** Finds counts whose total differs from the sum of their fields. One write adds to both, so it must be atomic. */
function findTornTotals(store: ReadonlyMap<string, Document>): Finding[] {
  return [...store].flatMap(([key, document]) => {
    const total = document[TOTAL_FIELD]
    if (total === undefined) return []
    const sum = Object.entries(document).reduce(
      (before, [field, n]) => before + (field === TOTAL_FIELD ? 0 : Number(n)),
      0,
    )
    return sum === total
      ? []
      : [{ kind: 'torn', text: `${key}: the total is ${String(total)}, but the fields add up to ${sum}` }]
  })
}

function findDifferences(holder: string, copies: Copies, store: Copies): Finding[] {
  const keys = new Set([...Object.keys(copies), ...Object.keys(store)])
  const describeCopy = (copy: Copies[string] | undefined): string =>
    copy ? `version ${copy[0]} ${copy[1]}` : 'no document'
  return [...keys]
    .filter((key) => describeCopy(copies[key]) !== describeCopy(store[key]))
    .map((key) => ({
      kind: 'differs',
      text: `${key}: ${holder} ${describeCopy(copies[key])}, but the store has ${describeCopy(store[key])}`,
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
