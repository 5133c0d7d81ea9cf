import type { Json } from './json.ts'
import type { Operation } from './operation.ts'

/** What one commit did to one field. `version` is the field's own counter after it. */
export type FieldEdit =
  | { readonly field: string; readonly version: number; readonly kind: 'whole'; readonly value: Json }
  | { readonly field: string; readonly version: number; readonly kind: 'delta'; readonly ops: readonly Operation[] }
  | { readonly field: string; readonly version: number; readonly kind: 'removed' }

/**
 * One committed write, as it travels. `generation === sequence` marks the first change of a document's life.
 *
 * `edits`: per field, or `removed` (the document is gone), or `omitted` (too large for the medium: receivers load).
 */
export interface Change {
  readonly key: string
  readonly epoch: string
  /** Id of the instance that wrote it. */
  readonly origin: string
  readonly generation: number
  readonly version: number
  readonly sequence: number
  /** The store's clock at the commit, ms since 1970. Metadata only: the order is the sequence. */
  readonly time: number
  readonly edits: readonly FieldEdit[] | 'removed' | 'omitted'
  readonly meta?: Readonly<Record<string, string>>
}

/** Does this change begin a new life of its document? Such a change stands on nothing before it. */
export const isCreation = (change: Change): boolean => change.generation === change.sequence
