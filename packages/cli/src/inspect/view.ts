import type { SectionState } from '@sync/core/adapter'

/** Options of `sync inspect` that select and format the output. */
export interface ViewOptions {
  readonly prefix: string
  readonly after: string
  /** Number of keys and of changes. */
  readonly limit: number
  /** Whether to show values and meta. */
  readonly values: boolean
  readonly json: boolean
}

/** A section or a document, ready to be printed. */
export interface View {
  readonly isFound: boolean
  /** Section state as of the answer. */
  readonly state: SectionState
  readonly json: unknown
  /** Returns the lines of text; `bold` emphasises a heading. */
  lines(bold: (text: string) => string): readonly string[]
}
