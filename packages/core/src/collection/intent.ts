import type { Json, JsonObject } from '../model/json.ts'

/** What a caller asked for, its values already copied, frozen and known to be JSON. */
export type Intent =
  | { readonly kind: 'set'; readonly fields: JsonObject }
  | { readonly kind: 'replace'; readonly document: JsonObject }
  | { readonly kind: 'create'; readonly document: JsonObject }
  | { readonly kind: 'update'; readonly recipe: (draft: never) => unknown }
  | { readonly kind: 'trySet'; readonly field: string; readonly value: Json; readonly expectedVersion: number }
  | { readonly kind: 'unset'; readonly fields: readonly string[] }
  | { readonly kind: 'delete' }
