import { type Call, checkLinearizability, type Model } from '@sync/conformance'
import type { Operation, OperationHistory } from '../history/operation.ts'
import type { Copies } from '../workload/messages.ts'
import type { EpochHistory } from './epoch-history.ts'

type Input = { readonly expected: number; readonly value: string } | 'read'
/** What was there; of a set that took place, since it did. `value` absent: not told. */
interface Output {
  readonly applied: boolean
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
  stateKey: ({ version, value }) => `${version} ${value}`,
  isReadOnly: (_, { applied }) => !applied,
  step(state, input, output) {
    const fits = input !== 'read' && input.expected === state.version
    const after = fits ? { version: state.version + 1, value: input.value } : state
    if (output === undefined) return fits ? after : undefined
    const seen = output.version === after.version && (output.value === undefined || output.value === after.value)
    return output.applied === fits && seen ? after : undefined
  },
}

/** Which registers were judged, and those whose history no order of the calls explains. */
export interface RegisterResult {
  readonly checked: number
  readonly problems: readonly string[]
}

/**
 * Judges the history of every register: all its compare-and-sets, by all writers, and what the store has in the end. One
 * without an answer, or with none that is certain, counts as "perhaps, at any time since". Where the store lost its tail
 * nothing is judged: what was lost were answers too.
 */
export function checkRegisters(evidence: {
  readonly histories: readonly OperationHistory[]
  readonly store: Copies
  readonly epochs: EpochHistory
}): RegisterResult {
  if (evidence.epochs.some(({ lost }) => lost)) return { checked: 0, problems: [] }
  const histories = new Map<string, Call<Input, Output>[]>()
  for (const { writer, operations } of evidence.histories) {
    for (const entry of operations) {
      const call = callOf(writer, entry)
      if (!call) continue
      const { key } = entry.invocation
      const history = histories.get(key)
      if (history) history.push(call)
      else histories.set(key, [call])
    }
  }
  const problems = [...histories].flatMap(([key, history]) => {
    const verdict = checkLinearizability([...history, lastRead(evidence.store[key])], model)
    if (verdict.linearizable) return []
    const last = verdict.linearizedPrefix.slice(-3).map(describeCall).join('; ')
    return [
      `${key}: after ${last || 'nothing'} none of these can come: ${verdict.blocked.map(describeCall).join('; ')}`,
    ]
  })
  return { checked: histories.size, problems }
}

/** `undefined`: it is none, or it is certain that nothing was done. */
function callOf(client: string, { invocation, completion }: Operation): Call<Input, Output> | undefined {
  if (invocation.op !== 'cas' || completion?.is === 'refused') return undefined
  const { expected, value, at: invokedAt } = invocation
  return { client, input: { expected, value }, invokedAt, returned: returnedOf(completion) }
}

function returnedOf(outcome: Operation['completion']): Call<Input, Output>['returned'] {
  if (outcome?.is === 'acknowledged')
    return { at: outcome.at, output: { applied: true, version: outcome.version ?? 0 } }
  if (outcome?.is !== 'conflict') return undefined
  const { at, version, value } = outcome
  return { at, output: { applied: false, version, ...(value !== undefined && { value }) } }
}

/** After everything else. */
function lastRead([version, text]: Copies[string] = [0, '[["value",""]]']): Call<Input, Output> {
  const { value = '' } = Object.fromEntries(JSON.parse(text) as [string, string][])
  const at = Number.MAX_VALUE
  return {
    client: 'auditor',
    input: 'read',
    invokedAt: at,
    returned: { at, output: { applied: false, version, value } },
  }
}

function describeCall({ client, input, returned }: Call<Input, Output>): string {
  const request = input === 'read' ? 'read' : `${input.expected} → "${input.value}"`
  const { applied, version, value } = returned?.output ?? {}
  const response = returned
    ? `${applied ? 'done' : 'met'} ${version}${value === undefined ? '' : ` "${value}"`}`
    : 'no answer'
  return `${client}: ${request}: ${response}`
}
