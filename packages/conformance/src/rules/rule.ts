/** One requirement that every adapter of a kind must satisfy. */
export interface Rule<C> {
  /** Stable id, such as `BUS-ORD-01`. */
  readonly id: string
  /** `MUST`: without it the core is wrong. `SHOULD`: without it users suffer. */
  readonly level: 'MUST' | 'SHOULD'
  /** The requirement in one sentence, as behaviour of the adapter. */
  readonly statement: string
  /** Advice for the author of an adapter that fails. */
  readonly hint: string
  /** Returns the reason why the rule does not apply, or `undefined` if it does. */
  readonly skip?: (context: C) => string | undefined
  /** Clock of the rule's deadline; `machine` for work outside of the harness. Default: the harness's clock. */
  readonly time?: 'machine'
  /** Tests the requirement; rejects with a `Violation` if the adapter does not satisfy it. */
  readonly run: (context: C) => Promise<void>
}
