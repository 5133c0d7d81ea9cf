/** One thing that every adapter of a kind does. */
export interface Rule<C> {
  /** Stable: `BUS-ORD-01`. */
  readonly id: string
  /** `MUST`: without it the core is wrong. `SHOULD`: without it users suffer. */
  readonly level: 'MUST' | 'SHOULD'
  readonly statement: string
  /** Where to look if it fails. */
  readonly hint: string
  /** Why it cannot be run here; `undefined`: it can. */
  readonly skip?: (context: C) => string | undefined
  /** On whose clock its deadline counts; `machine` for what happens outside of the harness. Default: the harness's. */
  readonly time?: 'machine'
  readonly run: (context: C) => Promise<void>
}
