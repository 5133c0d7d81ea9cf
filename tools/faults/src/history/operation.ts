import type { Position } from '@sync/core'

/**
 * The start of an operation.
 *
 * - `mark` sets the writer's own field of a document to `n`.
 * - `count` adds one to the writer's own field and to the total.
 * - `create` and `delete` act on a document that no other writer uses.
 * - `cas` is a compare-and-set of a register.
 */
export type Invocation = { readonly n: number; readonly at: number; readonly key: string } & (
  | { readonly op: 'mark' | 'count' | 'create' | 'delete' }
  | { readonly op: 'cas'; readonly expected: number; readonly value: string }
)

/** The end of an operation, as the writer saw it. */
export type Completion = { readonly n: number; readonly at: number } & (
  | { readonly is: 'acknowledged'; readonly position?: Position; readonly version?: number }
  /** A compare-and-set found this state instead of the expected one. */
  | { readonly is: 'conflict'; readonly version: number; readonly value?: string }
  /** The operation may have taken effect. */
  | { readonly is: 'unknown'; readonly code: string }
  /** The operation did not take effect. */
  | { readonly is: 'rejected'; readonly code: string }
)

/** One operation. `at` is in milliseconds on the machine's monotonic clock, which all processes share. */
export interface Operation {
  readonly invocation: Invocation
  /** `undefined` if the writer's process ended first. */
  readonly completion: Completion | undefined
}

/** All operations of one writer, in the order of their invocation. Each incarnation is a writer of its own. */
export interface OperationHistory {
  readonly writer: string
  readonly operations: readonly Operation[]
}
