import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type Merge, nameOf } from '../merge/merge.ts'
import { oneOf } from '../model/choice.ts'
import { type Duration, milliseconds } from '../model/duration.ts'
import { ArgumentError } from '../model/errors.ts'
import { hash32 } from '../model/hash.ts'
import type { Json } from '../model/json.ts'
import type { Follow } from '../model/section-definition.ts'

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

/** A type that takes any JSON, by whatever name, is not taken apart: it contains itself. */
type AnyJson = Scalar | AnyJson[] | { [key: string]: AnyJson }

/** A value as it is read: deeply readonly. */
export type Frozen<V> = [AnyJson] extends [V] ? Json : V extends Scalar ? V : { readonly [K in keyof V]: Frozen<V[K]> }

/** The names of a document's fields, of every member of a union. */
export type Field<T> = T extends unknown ? Extract<keyof T, string> : never

/** The value of one field, without `undefined`. */
export type FieldValue<T, K> = T extends unknown ? (K extends keyof T ? Exclude<T[K], undefined> : never) : never

/** Some fields of a document: what `set` takes. */
export type SomeFields<T> = T extends unknown ? Partial<Frozen<T>> : never

/** What a collection is, shared by every service that uses it. */
export interface CollectionOptions<T> {
  /** The section of the store in which its documents live. */
  readonly section: string
  /** How long a document lives after its last write (or, `sliding`, its last read). Required: data that vanishes by default is a trap. */
  readonly ttl: 'never' | Duration | { readonly after: Duration; readonly sliding: boolean }
  /** `on-read` (default): a document is held from its first read on. `all`: the whole section is held. */
  readonly replicate?: 'on-read' | 'all'
  /** What is subscribed. `section` (default): all its changes. `key`: one subscription per document held, for huge sections of which an instance holds little. */
  readonly follow?: 'section' | 'key'
  /** How concurrent changes of a field become one. Default: `lww` for every field. */
  readonly merge?: { readonly [K in Field<T>]?: Merge<FieldValue<T, K>> }
}

declare const documentType: unique symbol

/** A collection's options, checked, with the type of its documents. */
export interface Definition<T> {
  readonly section: string
  /** Milliseconds; `undefined`: for ever. */
  readonly ttl: number | undefined
  readonly sliding: boolean
  readonly replicate: 'on-read' | 'all'
  readonly follow: Follow
  readonly merge: ReadonlyMap<string, Merge<unknown>>
  readonly schema: StandardSchemaV1 | undefined
  /** Equal exactly if `ttl`, `sliding` and the names of the strategies are. */
  readonly digest: string
  readonly [documentType]?: T
}

// biome-ignore lint/suspicious/noExplicitAny: any schema of an object
type ObjectSchema = StandardSchemaV1<any, any>

/**
 * Defines a collection once, for all services that share it.
 *
 * With a `schema` (Standard Schema) every resulting document is validated before it is written; it may not transform.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for an empty section, a ttl that is no duration, or options that exclude each other.
 */
export function defineCollection<S extends ObjectSchema>(
  options: { readonly schema: S } & CollectionOptions<StandardSchemaV1.InferOutput<S>>,
): Definition<StandardSchemaV1.InferOutput<S>>
export function defineCollection<T extends JsonDocument<T>>(options: CollectionOptions<T>): Definition<T>
export function defineCollection(
  options: CollectionOptions<unknown> & { readonly schema?: StandardSchemaV1 },
): Definition<unknown> {
  const { section, ttl, replicate = 'on-read', follow = 'section', merge = {}, schema } = options
  if (typeof section !== 'string' || section === '') throw new ArgumentError('section: a non-empty string is needed')
  if (ttl === undefined || ttl === null) throw new ArgumentError(`ttl of "${section}": state 'never' or a duration`)
  oneOf(replicate, ['on-read', 'all'], `replicate of "${section}"`)
  oneOf(follow, ['section', 'key'], `follow of "${section}"`)
  for (const [field, strategy] of Object.entries(merge)) {
    if (typeof strategy !== 'function') throw new ArgumentError(`merge of "${section}": "${field}" needs a function`)
  }
  if (follow === 'key' && replicate === 'all') {
    throw new ArgumentError(`"${section}" is followed by key: it cannot be replicated whole`)
  }
  const sliding = typeof ttl === 'object' && ttl.sliding
  const after = typeof ttl === 'object' ? ttl.after : ttl
  if (sliding && (after as unknown) === 'never') {
    throw new ArgumentError(`ttl of "${section}": what never ends cannot slide`)
  }
  const ms = after === 'never' ? undefined : milliseconds(after, `ttl of "${section}"`)
  const strategies = Object.entries(merge) as [string, Merge<unknown>][]
  return Object.freeze({
    section,
    ttl: ms,
    sliding,
    replicate,
    follow,
    merge: new Map(strategies),
    schema,
    digest: digestOf(ms, sliding, strategies),
  })
}

function digestOf(ttl: number | undefined, sliding: boolean, strategies: readonly [string, Merge<unknown>][]): string {
  const named = strategies
    .map(([field, merge]) => [field, nameOf(merge)])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
  const text = JSON.stringify([ttl ?? null, sliding, named])
  return [1, 2].map((seed) => hash32(text, seed).toString(36)).join('')
}
