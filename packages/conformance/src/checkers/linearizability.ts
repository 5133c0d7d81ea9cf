/** One call, as observed by its caller. */
export interface Call<I, O> {
  /** Name of the caller, for messages. */
  readonly client: string
  readonly input: I
  /** Time of the invocation, in any monotonic unit. */
  readonly invokedAt: number
  /** The answer and its time; `undefined` if the call was never answered: it took effect at any later time, or never. */
  readonly returned: { readonly at: number; readonly output: O } | undefined
}

/** Sequential specification of an object. States are compared by `stateKey`. */
export interface Model<S, I, O> {
  readonly initial: S
  /**
   * Returns the state after a call with this output, or `undefined` if the call cannot return it in this state. An output of
   * `undefined` stands for any output.
   */
  step(state: S, input: I, output: O | undefined): S | undefined
  /**
   * True if a call with this output leaves every state unchanged. The search then takes such a call as soon as it fits, so that
   * many concurrent reads do not prolong it.
   */
  isReadOnly?(input: I, output: O): boolean
  /** Returns a string that identifies a state. */
  stateKey(state: S): string
}

/** Whether an order of the calls exists that respects real time and that the model allows. */
export type LinearizabilityResult<I, O> =
  | { readonly linearizable: true }
  /** `linearizedPrefix` is the longest valid order that was found; none of the `blocked` calls can follow it. */
  | {
      readonly linearizable: false
      readonly linearizedPrefix: readonly Call<I, O>[]
      readonly blocked: readonly Call<I, O>[]
    }

/**
 * Decides whether a recorded history is linearizable. The search is that of Wing and Gong (1993); it remembers failed
 * configurations, as Lowe (2017) does. It is exponential in the number of overlapping calls in the worst case: use it for
 * some hundreds of calls.
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
    // A call that fits and changes nothing cannot prevent a later call.
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

/** Returns the calls that may come next: those invoked before any other remaining call had returned. */
function candidates(calls: readonly Call<unknown, unknown>[], linearized: Uint8Array): number[] {
  let firstReturn = Number.POSITIVE_INFINITY
  for (const [at, { returned }] of calls.entries()) {
    if (!linearized[at] && returned) firstReturn = Math.min(firstReturn, returned.at)
  }
  return calls.flatMap(({ invokedAt }, at) => (!linearized[at] && invokedAt <= firstReturn ? [at] : []))
}
