import type { Position } from '@sync/core'

/**
 * What a writer is about to do. `mark`: sets its own field of a document to `n`. `count`: adds one to its own field and to
 * the total. `make`, `remove`: a document that is only its own. `cas`: a register from one state to another.
 */
export type Invocation = { readonly n: number; readonly at: number; readonly key: string } & (
  | { readonly op: 'mark' | 'count' | 'make' | 'remove' }
  | { readonly op: 'cas'; readonly expected: number; readonly value: string }
)

/** What the writer was told of it. */
export type Completion = { readonly n: number; readonly at: number } & (
  | { readonly is: 'acknowledged'; readonly position?: Position; readonly version?: number }
  /** A compare-and-set that met this state. */
  | { readonly is: 'conflict'; readonly version: number; readonly value?: string }
  /** It may have been done. */
  | { readonly is: 'unknown'; readonly code: string }
  /** It was not done. */
  | { readonly is: 'refused'; readonly code: string }
)

/** A write: begun, and perhaps answered. `at` in ms on the machine's monotonic clock, the same for all processes. */
export interface Operation {
  readonly invocation: Invocation
  /** `undefined`: the writer ended before it was told. */
  readonly completion: Completion | undefined
}

/** All that one writer ever began, in that order. A writer that begins anew is another one. */
export interface OperationHistory {
  readonly writer: string
  readonly operations: readonly Operation[]
}
