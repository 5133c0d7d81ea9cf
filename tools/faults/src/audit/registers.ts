import { type Call, judge, type Model } from '@sync/conformance'
import type { Entry, Ledger } from '../ledger/entry.ts'
import type { Copies } from '../work/messages.ts'
import type { History } from './history.ts'

type Input = { readonly expected: number; readonly value: string } | 'read'
/** What was there; of a set that took place, since it did. `value` absent: not told. */
interface Output {
  readonly done: boolean
  readonly version: number
  readonly value?: string
}

interface Register {
  readonly version: number
  readonly value: string
}

/** A register that is set only at the version expected, and counts its versions without a hole. */
const model: Model<Register, Input, Output> = {
  initial: { version: 0, value: '' },
  id: ({ version, value }) => `${version} ${value}`,
  reads: (_, { done }) => !done,
  step(state, input, output) {
    const fits = input !== 'read' && input.expected === state.version
    const after = fits ? { version: state.version + 1, value: input.value } : state
    if (output === undefined) return fits ? after : undefined
    const seen = output.version === after.version && (output.value === undefined || output.value === after.value)
    return output.done === fits && seen ? after : undefined
  },
}

/** Which registers were judged, and those whose history no order of the calls explains. */
export interface RegisterVerdict {
  readonly judged: number
  readonly wrong: readonly string[]
}

/**
 * Judges the history of every register: all its compare-and-sets, by all writers, and what the store has in the end. One
 * without an answer, or with none that is certain, counts as "perhaps, at any time since". Where the store lost its tail
 * nothing is judged: what was lost were answers too.
 */
export function judgeRegisters(evidence: {
  readonly ledgers: readonly Ledger[]
  readonly store: Copies
  readonly history: History
}): RegisterVerdict {
  if (evidence.history.some(({ lost }) => lost)) return { judged: 0, wrong: [] }
  const histories = new Map<string, Call<Input, Output>[]>()
  for (const { writer, entries } of evidence.ledgers) {
    for (const entry of entries) {
      const call = callOf(writer, entry)
      if (!call) continue
      const { key } = entry.intent
      const history = histories.get(key)
      if (history) history.push(call)
      else histories.set(key, [call])
    }
  }
  const wrong = [...histories].flatMap(([key, history]) => {
    const verdict = judge([...history, lastRead(evidence.store[key])], model)
    if (verdict.linearizable) return []
    const last = verdict.explained.slice(-3).map(show).join('; ')
    return [`${key}: after ${last || 'nothing'} none of these can come: ${verdict.stuck.map(show).join('; ')}`]
  })
  return { judged: histories.size, wrong }
}

/** `undefined`: it is none, or it is certain that nothing was done. */
function callOf(client: string, { intent, outcome }: Entry): Call<Input, Output> | undefined {
  if (intent.op !== 'cas' || outcome?.is === 'refused') return undefined
  const { expected, value, at: invokedAt } = intent
  return { client, input: { expected, value }, invokedAt, returned: returnedOf(outcome) }
}

function returnedOf(outcome: Entry['outcome']): Call<Input, Output>['returned'] {
  if (outcome?.is === 'acknowledged') return { at: outcome.at, output: { done: true, version: outcome.version ?? 0 } }
  if (outcome?.is !== 'conflict') return undefined
  const { at, version, value } = outcome
  return { at, output: { done: false, version, ...(value !== undefined && { value }) } }
}

/** After everything else. */
function lastRead([version, text]: Copies[string] = [0, '[["value",""]]']): Call<Input, Output> {
  const { value = '' } = Object.fromEntries(JSON.parse(text) as [string, string][])
  const at = Number.MAX_VALUE
  return { client: 'auditor', input: 'read', invokedAt: at, returned: { at, output: { done: false, version, value } } }
}

function show({ client, input, returned }: Call<Input, Output>): string {
  const asked = input === 'read' ? 'read' : `${input.expected} → "${input.value}"`
  const { done, version, value } = returned?.output ?? {}
  const told = returned ? `${done ? 'done' : 'met'} ${version}${value === undefined ? '' : ` "${value}"`}` : 'no answer'
  return `${client}: ${asked}: ${told}`
}
