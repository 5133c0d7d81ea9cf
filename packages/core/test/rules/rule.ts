/** A rule of the protocol, the edits that switch it off, and the test that fails without it. */
export interface Rule {
  /** Stable name, cited by docs/protocol.md. `pnpm rules <name>` proves only this rule. */
  readonly name: string
  /** The rule as one sentence, without a period. */
  readonly statement: string
  /** The failure that occurs without the rule, as a clause. */
  readonly consequence: string
  /** Edits that together switch the rule off in a copy of the source. */
  readonly edits: readonly SourceEdit[]
  /** Test that fails by an assertion while the rule is switched off. */
  readonly provenBy: TestReference
}

/** One edit of a source file. */
export interface SourceEdit {
  /** Path relative to `src`. */
  readonly file: string
  /** Snippet that occurs exactly once in the file. */
  readonly find: string
  readonly replace: string
}

/** Identifies a test. */
export interface TestReference {
  /** Path relative to `test`. */
  readonly file: string
  /** Full name: the names of its `describe` blocks and its own, joined by ` > `. */
  readonly name: string
}
