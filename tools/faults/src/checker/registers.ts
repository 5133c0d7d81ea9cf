import { type Call, checkLinearizability, type Model } from '@sync/conformance'
import type { Operation, OperationHistory } from '../history/operation.ts'
import type { Copies } from '../workload/messages.ts'
import type { EpochHistory } from './epoch-history.ts'

type Input = { readonly expected: number; readonly value: string } | 'read'
/** Result of a call: whether it set the register, and the register's state after it. */
interface Output {
  readonly applied: boolean
  readonly version: number
  /** Missing if the result did not contain it. */
  readonly value?: string
}

interface Register {
  readonly version: number
  readonly value: string
}

/** A register that is set only at the expected version, and whose version increases by exactly one. */
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

/** Number of registers checked, and one message for each whose history is not linearizable. */
export interface RegisterResult {
  readonly checked: number
  readonly problems: readonly string[]
}

/**
 * Checks the history of every register for linearizability: all compare-and-sets of all writers, and the final value in the
 * store. A call without a certain result may have taken effect at any time after its start, or not at all. If the store lost its
 * tail, no register is checked, because results of lost commits were true of a history that no longer exists.
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
      `${key}: no valid next call after ${last || 'the initial state'}; candidates: ${verdict.blocked.map(describeCall).join('; ')}`,
    ]
  })
  return { checked: histories.size, problems }
}

/** Returns an operation as a call. `undefined` if it is not a compare-and-set, or certainly had no effect. */
function callOf(client: string, { invocation, completion }: Operation): Call<Input, Output> | undefined {
  if (invocation.op !== 'cas' || completion?.is === 'rejected') return undefined
  const { expected, value, at: invokedAt } = invocation
  return { client, input: { expected, value }, invokedAt, returned: returnedOf(completion) }
}

function returnedOf(completion: Operation['completion']): Call<Input, Output>['returned'] {
  if (completion?.is === 'acknowledged')
    return { at: completion.at, output: { applied: true, version: completion.version ?? 0 } }
  if (completion?.is !== 'conflict') return undefined
  const { at, version, value } = completion
  return { at, output: { applied: false, version, ...(value !== undefined && { value }) } }
}

/** Returns a read of the final state, placed after all other calls. */
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
    ? `${applied ? 'set, now' : 'found'} version ${version}${value === undefined ? '' : ` "${value}"`}`
    : 'no result'
  return `${client}: ${request}: ${response}`
}
