type Scalar = string | number | boolean | null

/** Types that JSON cannot carry. Containers are listed because they would otherwise be decomposed like plain objects. */
type NotJson =
  | bigint
  | symbol
  | undefined
  | Date
  | RegExp
  | ArrayBufferView
  | ReadonlyMap<never, unknown>
  | ReadonlySet<never>
  | ((...args: never[]) => unknown)

/** Expected type of a member that JSON cannot carry: no value has it, and the compiler quotes it in its report. */
type JsonExpected = 'expected a JSON value; store a Date as a string or a number, a Map as an object, a Set as an array'

/** Whether a type is an array: not a tuple, but also an interface that extends `Array`. */
type IsArray<V> = V extends readonly (infer E)[] ? (E[] extends V ? true : false) : false

type JsonOf<V> = V extends Scalar
  ? V
  : V extends NotJson
    ? JsonExpected
    : IsArray<V> extends true
      ? readonly JsonOf<ElementOf<V>>[]
      : JsonDocument<V>

type ElementOf<V> = V extends readonly (infer E)[] ? E : never

/**
 * `T` if JSON can carry it. Members that it cannot carry (`Date`, `bigint`, `Map`, …) get a type that the compiler reports. A member
 * that may be `undefined` must be optional.
 */
export type JsonDocument<T> = {
  [K in keyof T]: Record<never, never> extends Pick<T, K> ? JsonOf<Exclude<T[K], undefined>> | undefined : JsonOf<T[K]>
}

/** A deeply readonly value. */
export type FrozenValue<V> = V extends Scalar
  ? V
  : IsArray<V> extends true
    ? readonly FrozenValue<ElementOf<V>>[]
    : Frozen<V>

/** A deeply readonly document. */
export type Frozen<T> = { readonly [K in keyof T]: FrozenValue<T[K]> }

/** The names of a document's fields; for a union, those of every member. */
export type Field<T> = unknown extends T ? string : T extends unknown ? Extract<keyof T, string> : never

/** The value of one field, without `undefined`. */
export type FieldValue<T, K> = unknown extends T
  ? T
  : T extends unknown
    ? K extends keyof T
      ? Exclude<T[K], undefined>
      : never
    : never

/** Some of a document's fields, as `assign` takes them. */
export type PartialDocument<T> = T extends unknown ? Partial<Frozen<T>> : never
