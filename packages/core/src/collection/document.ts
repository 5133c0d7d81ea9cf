import type { Json } from '../model/json.ts'

type Scalar = string | number | boolean | null
type NotJson =
  | bigint
  | symbol
  | undefined
  | Date
  | Uint8Array
  | ReadonlyMap<never, unknown>
  | ReadonlySet<never>
  | ((...args: never[]) => unknown)
type JsonOf<V> = [V] extends [Json] ? V : V extends NotJson ? never : { [K in keyof V]: JsonOf<V[K]> }

/** `T` if JSON can carry it; members that it cannot (`Date`, `bigint`, `Map`, …) become `never`, which the compiler reports. */
export type JsonDocument<T> = { [K in keyof T]: JsonOf<T[K]> }

/** The type of any JSON value. It is not decomposed, because it contains itself. */
type AnyJson = Scalar | AnyJson[] | { [key: string]: AnyJson }

/** A deeply readonly value. */
export type Frozen<V> = [AnyJson] extends [V] ? Json : V extends Scalar ? V : { readonly [K in keyof V]: Frozen<V[K]> }

/** The names of a document's fields; for a union, those of every member. */
export type Field<T> = T extends unknown ? Extract<keyof T, string> : never

/** The value of one field, without `undefined`. */
export type FieldValue<T, K> = T extends unknown ? (K extends keyof T ? Exclude<T[K], undefined> : never) : never

/** Some of a document's fields, as `assign` takes them. */
export type PartialDocument<T> = T extends unknown ? Partial<Frozen<T>> : never
