import type { StandardSchemaV1 } from '@standard-schema/spec'
import { lww, type Merge, nameOf } from '../merge/merge.ts'
import { oneOf } from '../model/choice.ts'
import { milliseconds } from '../model/duration.ts'
import { ArgumentError } from '../model/errors.ts'
import { hash32 } from '../model/hash.ts'
import type { JsonObject } from '../model/json.ts'
import type { Follow } from '../model/section-definition.ts'
import { wholeNumber } from '../model/whole-number.ts'
import type { MemoryBounds } from '../replica/eviction.ts'
import type { Conflict } from './conflict.ts'
import type { JsonDocument } from './document.ts'
import type { BatchOptions, CollectionOptions } from './options.ts'
import { type Batching, MOST_COMBINED } from './writer.ts'

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
  readonly onConflict: ((conflict: Conflict<unknown>) => void) | undefined
  readonly upgrade: ((stored: JsonObject) => unknown) | undefined
  readonly source: ((key: string, signal: AbortSignal) => Promise<unknown>) | undefined
  /** Milliseconds. */
  readonly sourceAbsentFor: number
  /** Durations in ms. */
  readonly batch: Batching | undefined
  readonly memory: MemoryBounds
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
  const { onConflict, upgrade, source, sourceAbsentFor = '1m', batch, memory = {} } = options
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
  for (const [name, option] of Object.entries({ onConflict, upgrade, source })) {
    if (option !== undefined && typeof option !== 'function')
      throw new ArgumentError(`${name} of "${section}": a function is needed`)
  }
  const bounded = memory.maxDocuments !== undefined || memory.idle !== undefined
  if (replicate === 'all' && (bounded || source)) {
    throw new ArgumentError(`"${section}" is replicated whole: it takes neither bounds of documents nor a source`)
  }
  const sliding = typeof ttl === 'object' && ttl.sliding
  const after = typeof ttl === 'object' ? ttl.after : ttl
  if (sliding && (after as unknown) === 'never') {
    throw new ArgumentError(`ttl of "${section}": what never ends cannot slide`)
  }
  const ms = after === 'never' ? undefined : milliseconds(after, `ttl of "${section}"`)
  // to name the default is to say nothing: its writes are unconditional
  const strategies = (Object.entries(merge) as [string, Merge<unknown>][]).filter(([, strategy]) => strategy !== lww)
  return Object.freeze({
    section,
    ttl: ms,
    sliding,
    replicate,
    follow,
    merge: new Map(strategies),
    schema,
    onConflict,
    upgrade,
    source,
    sourceAbsentFor: milliseconds(sourceAbsentFor, `sourceAbsentFor of "${section}"`),
    batch: batch && batching(batch, `batch of "${section}"`),
    memory: {
      maxDocuments:
        memory.maxDocuments === undefined
          ? Number.POSITIVE_INFINITY
          : wholeNumber(memory.maxDocuments, `memory.maxDocuments of "${section}"`, 1),
      idle: milliseconds(memory.idle ?? '6h', `memory.idle of "${section}"`),
      changes: wholeNumber(memory.changes ?? 262_144, `memory.changes of "${section}"`, 0),
    },
    digest: digestOf(ms, sliding, strategies),
  })
}

function batching({ wait, writes = MOST_COMBINED, fields }: BatchOptions<unknown>, what: string): Batching {
  if (writes > MOST_COMBINED) throw new ArgumentError(`${what}: writes: ${MOST_COMBINED} at most`)
  return {
    wait: milliseconds(wait, `${what}: wait`),
    writes: wholeNumber(writes, `${what}: writes`, 1),
    fields: fields && new Set<string>(fields),
  }
}

function digestOf(ttl: number | undefined, sliding: boolean, strategies: readonly [string, Merge<unknown>][]): string {
  const named = strategies
    .map(([field, merge]) => [field, nameOf(merge)])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
  const text = JSON.stringify([ttl ?? null, sliding, named])
  return [1, 2].map((seed) => hash32(text, seed).toString(36)).join('')
}
