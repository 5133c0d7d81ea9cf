/** A rule of the protocol, how to do without it, and the test that must notice. */
export interface Rule {
  /** Stable; `pnpm rules <name>` proves this one alone. */
  readonly name: string
  /** What the product does by this rule. */
  readonly says: string
  /** What goes wrong without it. */
  readonly else: string
  /** Together they switch the rule off, in a copy of the source. */
  readonly off: readonly Edit[]
  /** Must fail by an assertion while the rule is switched off. */
  readonly seenBy: Witness
}

/** One change of a source file. */
export interface Edit {
  /** Relative to `src`. */
  readonly file: string
  /** Found exactly once in the file. */
  readonly find: string
  readonly replace: string
}

/** A test. */
export interface Witness {
  /** Relative to `test`. */
  readonly file: string
  /** With the names of the groups around it, joined by ` > `. */
  readonly name: string
}
