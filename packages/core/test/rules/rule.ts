/** A rule of the protocol, how to do without it, and the test that must notice. */
export interface Rule {
  /** Stable; `pnpm rules <name>` proves this one alone. */
  readonly name: string
  /** What the product does by this rule. */
  readonly statement: string
  /** What goes wrong without it. */
  readonly consequence: string
  /** Together they switch the rule off, in a copy of the source. */
  readonly edits: readonly SourceEdit[]
  /** Must fail by an assertion while the rule is switched off. */
  readonly provenBy: TestReference
}

/** One change of a source file. */
export interface SourceEdit {
  /** Relative to `src`. */
  readonly file: string
  /** Found exactly once in the file. */
  readonly find: string
  readonly replace: string
}

/** A test. */
export interface TestReference {
  /** Relative to `test`. */
  readonly file: string
  /** With the names of the groups around it, joined by ` > `. */
  readonly name: string
}
