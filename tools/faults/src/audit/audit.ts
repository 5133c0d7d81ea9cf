import type { Position } from '@sync/core'
import type { Entry, Intent, Ledger } from '../ledger/entry.ts'
import { TOTAL } from '../work/documents.ts'
import type { Copies } from '../work/messages.ts'
import { fromPosition, type History, isLost } from './history.ts'
import { judgeRegisters } from './registers.ts'

/** What there is to compare at the end, when everything is back and at rest. */
export interface Evidence {
  readonly ledgers: readonly Ledger[]
  /** The store's documents, by key, with versions. */
  readonly store: Copies
  /** What each replica holds, and what its stream told. */
  readonly replicas: readonly { readonly name: string; readonly held: Copies; readonly told: Copies }[]
  /** Epoch changes, as the instances reported them. */
  readonly history: History
}

/** What is wrong: an acknowledged write that is not there, one that counts twice, … */
export interface Finding {
  readonly what: 'lost' | 'twice' | 'not-asked' | 'torn' | 'differs' | 'not-linearizable'
  readonly text: string
}

/** What the comparison came to. */
export interface Verdict {
  readonly acknowledged: number
  readonly conflicts: number
  readonly unknown: number
  readonly refused: number
  /** Acknowledged writes that the store lost, and told so by a new epoch. */
  readonly toldLost: number
  /** Acknowledged writes that are gone, and nobody was told. */
  readonly lost: number
  /** Histories of compare-and-set that were judged. */
  readonly registers: number
  readonly findings: readonly Finding[]
}

/** Decides. Pure: of the same evidence it says the same. */
export function audit(evidence: Evidence): Verdict {
  const { ledgers, history } = evidence
  const store = documentsOf(evidence.store)
  const judged = ledgers.flatMap(({ writer, entries }) =>
    [...groupBy(entries, ({ intent }) => intent.key)].map(([key, group]) =>
      judge({ writer, key, ...tally(group, history) }, store.get(key)),
    ),
  )
  const registers = judgeRegisters(evidence)
  const entries = ledgers.flatMap((ledger) => ledger.entries)
  const count = (is: string): number => entries.filter(({ outcome }) => outcome?.is === is).length
  return {
    acknowledged: count('acknowledged'),
    conflicts: count('conflict'),
    unknown: count('unknown') + entries.filter(({ outcome }) => outcome === undefined).length,
    refused: count('refused'),
    toldLost: entries.filter(({ outcome }) => outcome?.is === 'acknowledged' && wasLost(outcome, history)).length,
    lost: judged.reduce((sum, { lost }) => sum + lost, 0),
    registers: registers.judged,
    findings: [
      ...registers.wrong.map((text): Finding => ({ what: 'not-linearizable', text })),
      ...judged.flatMap(({ findings }) => findings),
      ...tornTotals(store),
      ...evidence.replicas.flatMap(({ name, held, told }) => [
        ...differences(`${name} holds`, held, evidence.store),
        ...differences(`${name} was told`, told, evidence.store),
      ]),
    ],
  }
}

type Document = Readonly<Record<string, unknown>>

/** What one writer did to one document. */
interface Work extends Tally {
  readonly writer: string
  readonly key: string
}

interface Tally {
  /** Acknowledged, and not reported as lost since. */
  readonly standing: readonly Intent[]
  /** Not acknowledged, or lost: perhaps done. */
  readonly open: readonly Intent[]
  /** Said not to have been done. */
  readonly refused: readonly Intent[]
}

interface Judged {
  readonly lost: number
  readonly findings: readonly Finding[]
}

const FINE: Judged = { lost: 0, findings: [] }

function tally(entries: readonly Entry[], history: History): Tally {
  const intents = (of: (entry: Entry) => boolean): Intent[] => entries.filter(of).map(({ intent }) => intent)
  const anyLoss = history.some(({ lost }) => lost)
  const standing = ({ outcome }: Entry): boolean =>
    outcome?.is === 'acknowledged' && (outcome.position === undefined ? !anyLoss : !wasLost(outcome, history))
  const refused = ({ outcome }: Entry): boolean => outcome?.is === 'refused' || outcome?.is === 'conflict'
  return {
    standing: intents(standing),
    refused: intents(refused),
    open: intents((entry) => !standing(entry) && !refused(entry)),
  }
}

/** Of a removal nobody is told where it stood. */
const wasLost = ({ position }: { readonly position?: Position }, history: History): boolean =>
  position !== undefined && isLost(fromPosition(position), history)

function judge(work: Work, document: Document | undefined): Judged {
  switch ([...work.standing, ...work.open, ...work.refused][0]?.op) {
    case 'mark':
      return judgeMarks(work, Number(document?.[work.writer] ?? 0))
    case 'count':
      return judgeCounts(work, Number(document?.[work.writer] ?? 0))
    case 'make':
    case 'remove':
      return judgeMade(work, document !== undefined)
    default:
      return FINE
  }
}

/** Its own field has the last of its marks: that one, or one after the last that stands. */
function judgeMarks({ writer, key, standing, open, refused }: Work, found: number): Judged {
  const wrote = (intents: readonly Intent[]): boolean => intents.some(({ n }) => n === found)
  const gone = standing.filter(({ n }) => n > found).map(({ n }) => n)
  const at = `${key}: ${writer} has left ${found}`
  if (gone.length > 0) return wrong('lost', `${at}, but ${gone.join(', ')} was acknowledged`, gone.length)
  if (wrote(refused)) return wrong('not-asked', `${at}, which was refused`)
  return found === 0 || wrote(standing) || wrote(open) ? FINE : wrong('not-asked', `${at}, which it never wrote`)
}

/** Its own field has one for each that was acknowledged, and for each that is open one or none. */
function judgeCounts({ writer, key, standing, open }: Work, counted: number): Judged {
  const most = standing.length + open.length
  const at = `${key}: ${writer} has counted ${counted}`
  if (counted < standing.length)
    return wrong('lost', `${at}, but ${standing.length} were acknowledged`, standing.length - counted)
  return counted > most ? wrong('twice', `${at}, but wrote ${most} times at most`) : FINE
}

/** A document that was made is there, unless it was removed. */
function judgeMade({ key, standing, open, refused }: Work, found: boolean): Judged {
  const has = (intents: readonly Intent[], op: Intent['op']): boolean => intents.some((intent) => intent.op === op)
  if (found && has(standing, 'remove')) return wrong('lost', `${key} is there, but its removal was acknowledged`, 1)
  if (found && has(refused, 'make')) return wrong('not-asked', `${key} is there, but was refused`)
  if (!found && has(standing, 'make') && !has(standing, 'remove') && !has(open, 'remove'))
    return wrong('lost', `${key} is not there, but was acknowledged`, 1)
  return FINE
}

const wrong = (what: Finding['what'], text: string, lost = 0): Judged => ({ lost, findings: [{ what, text }] })

/** Each count adds to its writer's field and to the total in one write. */
function tornTotals(store: ReadonlyMap<string, Document>): Finding[] {
  return [...store].flatMap(([key, document]) => {
    const total = document[TOTAL]
    if (total === undefined) return []
    const sum = Object.entries(document).reduce((before, [field, n]) => before + (field === TOTAL ? 0 : Number(n)), 0)
    return sum === total ? [] : [{ what: 'torn', text: `${key}: the total is ${String(total)}, the parts make ${sum}` }]
  })
}

function differences(who: string, copy: Copies, store: Copies): Finding[] {
  const keys = new Set([...Object.keys(copy), ...Object.keys(store)])
  const shown = (one: Copies[string] | undefined): string => (one ? `version ${one[0]} ${one[1]}` : 'nothing')
  return [...keys]
    .filter((key) => shown(copy[key]) !== shown(store[key]))
    .map((key) => ({ what: 'differs', text: `${key}: ${who} ${shown(copy[key])}, the store ${shown(store[key])}` }))
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
