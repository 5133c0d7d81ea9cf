/** One call as it was seen from outside. */
export interface Call<I, O> {
  readonly client: string
  readonly input: I
  readonly invokedAt: number
  /** `undefined`: never answered. It may have been carried out at any time since, or not at all. */
  readonly returned: { readonly at: number; readonly output: O } | undefined
}

/** What an object does, one call at a time. States are compared by `id`. */
export interface Model<S, I, O> {
  readonly initial: S
  /** The state after a call that was answered so (`undefined`: by anything); `undefined`: it cannot have been. */
  step(state: S, input: I, output: O | undefined): S | undefined
  /**
   * Does a call that was answered so leave every state as it is? Where that is told, many such calls at one time make the search
   * no longer: each is taken as soon as it fits.
   */
  isReadOnly?(input: I, output: O): boolean
  stateKey(state: S): string
}

/** Is there an order of the calls that respects real time and that the model allows? */
export type LinearizabilityResult<I, O> =
  | { readonly linearizable: true }
  /** `explained`: the most calls, in order, that could be; `stuck`: those of which none can come next. */
  | {
      readonly linearizable: false
      readonly linearizedPrefix: readonly Call<I, O>[]
      readonly blocked: readonly Call<I, O>[]
    }

/**
 * Decides whether a recorded history is linearizable: the search of Wing and Gong (1993), remembering the configurations
 * that led nowhere, as Lowe (2017) does. Exponential at worst, in calls that overlap; keep it to some hundreds.
 */
export function checkLinearizability<S, I, O>(
  history: readonly Call<I, O>[],
  model: Model<S, I, O>,
): LinearizabilityResult<I, O> {
  const calls = [...history].sort((a, b) => a.invokedAt - b.invokedAt)
  const answered = calls.filter(({ returned }) => returned !== undefined).length
  const deadEnds = new Set<string>()
  const order: number[] = []
  const linearized = new Uint8Array(calls.length)
  let best: { readonly order: readonly number[]; readonly blocked: readonly number[] } = { order: [], blocked: [] }

  const isRead = ({ input, returned }: Call<I, O>): boolean =>
    returned !== undefined && model.isReadOnly?.(input, returned.output) === true
  const fits = (state: S, { input, returned }: Call<I, O>): boolean =>
    model.step(state, input, returned?.output) !== undefined

  const search = (state: S, remaining: number): boolean => {
    if (remaining === 0) return true
    const configuration = `${linearized.join('')} ${model.stateKey(state)}`
    if (deadEnds.has(configuration)) return false
    const next = candidates(calls, linearized)
    if (order.length >= best.order.length) best = { order: [...order], blocked: next }
    // what fits here and changes nothing hinders nothing that comes after it
    const readOnly = next.find((at) => isRead(calls[at] as Call<I, O>) && fits(state, calls[at] as Call<I, O>))
    for (const at of readOnly === undefined ? next : [readOnly]) {
      const { input, returned } = calls[at] as Call<I, O>
      const after = model.step(state, input, returned?.output)
      if (after === undefined) continue
      linearized[at] = 1
      order.push(at)
      if (search(after, returned ? remaining - 1 : remaining)) return true
      order.pop()
      linearized[at] = 0
    }
    deadEnds.add(configuration)
    return false
  }

  if (search(model.initial, answered)) return { linearizable: true }
  const callsAt = (indexes: readonly number[]): Call<I, O>[] => indexes.map((at) => calls[at] as Call<I, O>)
  return { linearizable: false, linearizedPrefix: callsAt(best.order), blocked: callsAt(best.blocked) }
}

/** The calls that may come next: none that was begun after another open one had been answered. */
function candidates(calls: readonly Call<unknown, unknown>[], linearized: Uint8Array): number[] {
  let firstReturn = Number.POSITIVE_INFINITY
  for (const [at, { returned }] of calls.entries()) {
    if (!linearized[at] && returned) firstReturn = Math.min(firstReturn, returned.at)
  }
  return calls.flatMap(({ invokedAt }, at) => (!linearized[at] && invokedAt <= firstReturn ? [at] : []))
}
