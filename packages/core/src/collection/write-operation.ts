import type { Json, JsonObject } from '../model/json.ts'
import type { Operation } from '../model/operation.ts'
import type { LogPosition } from '../model/position.ts'

/** A caller's request. Its values are already copied, frozen and known to be JSON. */
export type WriteOperation =
  /** `isWhole`: the fields are a whole document, as in an import. */
  | { readonly kind: 'assign'; readonly fields: JsonObject; readonly isWhole?: boolean }
  | { readonly kind: 'set'; readonly document: JsonObject }
  | { readonly kind: 'create'; readonly document: JsonObject }
  | { readonly kind: 'update'; readonly recipe: (draft: never) => unknown }
  | { readonly kind: 'patch'; readonly ops: readonly Operation[] }
  /** Writes a source's document, if the document is still absent since `absentAt`. */
  | { readonly kind: 'fill'; readonly document: JsonObject; readonly absentAt: LogPosition }
  | { readonly kind: 'compareAndSet'; readonly field: string; readonly value: Json; readonly expectedVersion: number }
  | { readonly kind: 'unset'; readonly fields: readonly string[] }
  | { readonly kind: 'delete' }
