import type { Json } from './json.ts'
import type { Operation } from './operation.ts'

/** Edit of one field by one commit. `version` is the field's version after the commit. */
export type FieldEdit =
  | { readonly field: string; readonly version: number; readonly kind: 'whole'; readonly value: Json }
  | { readonly field: string; readonly version: number; readonly kind: 'delta'; readonly ops: readonly Operation[] }
  | { readonly field: string; readonly version: number; readonly kind: 'removed' }

/**
 * One commit as it travels. Its document was created by it if `generation` equals `sequence`.
 *
 * `edits` is one of:
 * - a list: one edit per changed field
 * - `removed`: the document was deleted
 * - `omitted`: the edits were too large for the transport; receivers load the document
 */
export interface Change {
  readonly key: string
  readonly epoch: string
  /** Id of the instance that wrote the change. */
  readonly origin: string
  /** Sequence of the commit that created the document. */
  readonly generation: number
  /** Version of the document after the commit. */
  readonly version: number
  /** Sequence of the commit within its section and epoch. */
  readonly sequence: number
  /** Time of the commit on the store's clock, in ms since 1970. Informational only: the sequence defines the order. */
  readonly time: number
  readonly edits: readonly FieldEdit[] | 'removed' | 'omitted'
  /** Strings that the writer attached, such as an actor or a trace context. */
  readonly meta?: Readonly<Record<string, string>>
}

/** Whether the change created its document. Such a change depends on no earlier change. */
export const isCreation = (change: Change): boolean => change.generation === change.sequence
