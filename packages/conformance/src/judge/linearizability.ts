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
  reads?(input: I, output: O): boolean
  id(state: S): string
}

/** Is there an order of the calls that respects real time and that the model allows? */
export type Verdict<I, O> =
  | { readonly linearizable: true }
  /** `explained`: the most calls, in order, that could be; `stuck`: those of which none can come next. */
  | { readonly linearizable: false; readonly explained: readonly Call<I, O>[]; readonly stuck: readonly Call<I, O>[] }

/**
 * Decides whether a recorded history is linearizable: the search of Wing and Gong (1993), remembering the configurations
 * that led nowhere, as Lowe (2017) does. Exponential at worst, in calls that overlap; keep it to some hundreds.
 */
export function judge<S, I, O>(history: readonly Call<I, O>[], model: Model<S, I, O>): Verdict<I, O> {
  const calls = [...history].sort((a, b) => a.invokedAt - b.invokedAt)
  const answered = calls.filter(({ returned }) => returned !== undefined).length
  const dead = new Set<string>()
  const order: number[] = []
  const done = new Uint8Array(calls.length)
  let best: { readonly order: readonly number[]; readonly stuck: readonly number[] } = { order: [], stuck: [] }

  const isRead = ({ input, returned }: Call<I, O>): boolean =>
    returned !== undefined && model.reads?.(input, returned.output) === true
  const fits = (state: S, { input, returned }: Call<I, O>): boolean =>
    model.step(state, input, returned?.output) !== undefined

  const search = (state: S, left: number): boolean => {
    if (left === 0) return true
    const here = `${done.join('')} ${model.id(state)}`
    if (dead.has(here)) return false
    const next = candidates(calls, done)
    if (order.length >= best.order.length) best = { order: [...order], stuck: next }
    // what fits here and changes nothing hinders nothing that comes after it
    const free = next.find((at) => isRead(calls[at] as Call<I, O>) && fits(state, calls[at] as Call<I, O>))
    for (const at of free === undefined ? next : [free]) {
      const { input, returned } = calls[at] as Call<I, O>
      const after = model.step(state, input, returned?.output)
      if (after === undefined) continue
      done[at] = 1
      order.push(at)
      if (search(after, returned ? left - 1 : left)) return true
      order.pop()
      done[at] = 0
    }
    dead.add(here)
    return false
  }

  if (search(model.initial, answered)) return { linearizable: true }
  const callsAt = (places: readonly number[]): Call<I, O>[] => places.map((at) => calls[at] as Call<I, O>)
  return { linearizable: false, explained: callsAt(best.order), stuck: callsAt(best.stuck) }
}

/** The calls that may come next: none that was begun after another open one had been answered. */
function candidates(calls: readonly Call<unknown, unknown>[], done: Uint8Array): number[] {
  let firstReturn = Number.POSITIVE_INFINITY
  for (const [at, { returned }] of calls.entries()) {
    if (!done[at] && returned) firstReturn = Math.min(firstReturn, returned.at)
  }
  return calls.flatMap(({ invokedAt }, at) => (!done[at] && invokedAt <= firstReturn ? [at] : []))
}
