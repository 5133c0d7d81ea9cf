import type { StandardSchemaV1 } from '@standard-schema/spec'
import { lww, type Merge, strategyName } from '../merge/merge.ts'
import {
  assertFunction,
  assertInteger,
  assertNonEmptyString,
  assertOneOf,
  assertOptions,
  formatValue,
  type OptionNames,
} from '../model/assert.ts'
import { parseDuration } from '../model/duration.ts'
import { ArgumentError } from '../model/errors.ts'
import { hash32 } from '../model/hash.ts'
import type { JsonObject } from '../model/json.ts'
import type { SubscribeBy } from '../model/section-definition.ts'
import type { CacheLimits } from '../replica/eviction.ts'
import type { Conflict } from './conflict.ts'
import type { JsonDocument } from './document.ts'
import type { BatchOptions, CacheOptions, CollectionOptions, SourceOptions } from './options.ts'
import type { Source } from './source-calls.ts'
import { MAX_COMBINED_WRITES, type WriteBatching } from './write-queue.ts'

declare const documentType: unique symbol

/** Validated options of a source. */
interface SourceDefinition extends Source {
  /** Milliseconds. */
  readonly negativeTtl: number
  readonly whenStoreUnavailable: 'wait' | 'read'
}

/** A collection's validated options, with the type of its documents. */
export interface CollectionDefinition<T> {
  readonly section: string
  /** Milliseconds; `undefined` if documents never expire. */
  readonly ttl: number | undefined
  readonly sliding: boolean
  readonly replicate: 'on-demand' | 'all'
  readonly subscribeBy: SubscribeBy
  readonly merge: ReadonlyMap<string, Merge<unknown>>
  readonly schema: StandardSchemaV1 | undefined
  readonly onConflict: ((conflict: Conflict<unknown>) => void) | undefined
  readonly migrate: ((stored: JsonObject) => unknown) | undefined
  readonly source: SourceDefinition | undefined
  /** Durations in ms. */
  readonly batch: WriteBatching | undefined
  readonly cache: CacheLimits
  /** Hash of `ttl`, `sliding` and the names of the merge strategies: the settings that all services must agree on. */
  readonly digest: string
  readonly [documentType]?: T
}

/** A definition of any type of documents. */
// biome-ignore lint/suspicious/noExplicitAny: only `any` accepts every document type in both directions
export type AnyCollectionDefinition = CollectionDefinition<any>

const OPTIONS: OptionNames<CollectionOptions<unknown>> & { readonly schema: true } = {
  section: true,
  ttl: true,
  replicate: true,
  subscribeBy: true,
  merge: true,
  schema: true,
  onConflict: true,
  migrate: true,
  source: true,
  batch: true,
  cache: true,
}
const SOURCE_OPTIONS: OptionNames<SourceOptions<unknown>> = {
  load: true,
  loadMany: true,
  negativeTtl: true,
  maxConcurrent: true,
  whenStoreUnavailable: true,
}
const BATCH_OPTIONS: OptionNames<BatchOptions<unknown>> = { maxWait: true, maxWrites: true, fields: true }
const CACHE_OPTIONS: OptionNames<CacheOptions> = { maxDocuments: true, maxIdle: true, recentChangesChars: true }

/** A lower number is more likely meant in seconds or days than in ms. */
const MIN_TTL_NUMBER = 1_000

/**
 * Defines a collection once, for all services that share it.
 *
 * With a `schema` (Standard Schema), every resulting document is validated before it is written. The schema must not add
 * or change members. Members that it strips are unknown to it: they stay in the document.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for an empty section, an unknown option, an invalid duration, or options that
 * exclude each other
 */
export function defineCollection<T extends JsonDocument<T>>(
  options: CollectionOptions<T> & { readonly schema?: never },
): CollectionDefinition<T>
export function defineCollection<Input, T extends JsonDocument<T>>(
  options: { readonly schema: StandardSchemaV1<Input, T> } & CollectionOptions<NoInfer<T>>,
): CollectionDefinition<T>
export function defineCollection(
  options: CollectionOptions<unknown> & { readonly schema?: StandardSchemaV1 },
): CollectionDefinition<unknown> {
  assertOptions(options, OPTIONS, 'defineCollection()')
  const { section, ttl, replicate = 'on-demand', subscribeBy = 'section', merge = {}, schema } = options
  const { onConflict, migrate, source, batch, cache = {} } = options
  assertNonEmptyString(section, 'section')
  if (ttl === undefined || ttl === null)
    throw new ArgumentError(`ttl of "${section}": expected 'never' or a duration, got ${ttl}`)
  assertOneOf(replicate, ['on-demand', 'all'], `replicate of "${section}"`)
  assertOneOf(subscribeBy, ['section', 'document'], `subscribeBy of "${section}"`)
  if (typeof merge !== 'object' || merge === null)
    throw new ArgumentError(`merge of "${section}": expected an object of strategies, got ${formatValue(merge)}`)
  for (const [field, strategy] of Object.entries(merge)) {
    if (typeof strategy !== 'function')
      throw new ArgumentError(`merge.${field} of "${section}": expected a function, got ${formatValue(strategy)}`)
  }
  if (subscribeBy === 'document' && replicate === 'all') {
    throw new ArgumentError(`replicate of "${section}": expected 'on-demand' with subscribeBy: 'document', got 'all'`)
  }
  for (const [name, option] of Object.entries({ onConflict, migrate }))
    if (option !== undefined) assertFunction(option as () => unknown, `${name} of "${section}"`)
  assertOptions(cache, CACHE_OPTIONS, `cache of "${section}"`)
  const isBounded = cache.maxDocuments !== undefined || cache.maxIdle !== undefined
  if (replicate === 'all' && (isBounded || source)) {
    throw new ArgumentError(
      `replicate of "${section}": expected 'on-demand' with source, cache.maxDocuments or cache.maxIdle, got 'all'`,
    )
  }
  const sliding = typeof ttl === 'object' && ttl.sliding
  const duration = typeof ttl === 'object' ? ttl.after : ttl
  if (sliding && (duration as unknown) === 'never') {
    throw new ArgumentError(`ttl of "${section}": expected a duration with sliding: true, got 'never'`)
  }
  if (typeof duration === 'number' && duration < MIN_TTL_NUMBER)
    throw new ArgumentError(
      `ttl of "${section}": expected a unit, such as '${duration}s' or '${duration}d', got ${duration}; a number counts milliseconds`,
    )
  const ms = duration === 'never' ? undefined : parseDuration(duration, `ttl of "${section}"`)
  // an explicit `lww` is the default: such writes stay unconditional
  const strategies = (Object.entries(merge) as [string, Merge<unknown>][]).filter(([, strategy]) => strategy !== lww)
  return Object.freeze({
    section,
    ttl: ms,
    sliding,
    replicate,
    subscribeBy,
    merge: new Map(strategies),
    schema,
    onConflict,
    migrate,
    source: source === undefined ? undefined : parseSource(source, section),
    batch: batch && parseBatching(batch, `batch of "${section}"`),
    cache: {
      maxDocuments:
        cache.maxDocuments === undefined
          ? Number.POSITIVE_INFINITY
          : assertInteger(cache.maxDocuments, `cache.maxDocuments of "${section}"`, 1),
      maxIdle: parseDuration(cache.maxIdle ?? '6h', `cache.maxIdle of "${section}"`),
      recentChangesChars: assertInteger(
        cache.recentChangesChars ?? 262_144,
        `cache.recentChangesChars of "${section}"`,
        0,
      ),
    },
    digest: computeDigest(ms, sliding, strategies),
  })
}

function parseSource(option: NonNullable<CollectionOptions<unknown>['source']>, section: string): SourceDefinition {
  const label = (name: string): string => `${name} of "${section}"`
  const source: SourceOptions<unknown> = typeof option === 'function' ? { load: option } : option
  // an instance of a class may have members of its own
  if (typeof source === 'object' && source && Object.getPrototypeOf(source) === Object.prototype)
    assertOptions(source, SOURCE_OPTIONS, label('source'))
  const { load, loadMany, negativeTtl = '1m', maxConcurrent = 16, whenStoreUnavailable = 'wait' } = source ?? {}
  if (load !== undefined || loadMany === undefined) assertFunction(load as () => unknown, label('source.load'))
  if (loadMany !== undefined) assertFunction(loadMany, label('source.loadMany'))
  assertOneOf(whenStoreUnavailable, ['wait', 'read'], label('source.whenStoreUnavailable'))
  return {
    load: load && ((key, signal) => load.call(source, key, signal)),
    loadMany: loadMany && ((keys, signal) => loadMany.call(source, keys, signal)),
    maxConcurrent: assertInteger(maxConcurrent, label('source.maxConcurrent'), 1),
    negativeTtl: parseDuration(negativeTtl, label('source.negativeTtl')),
    whenStoreUnavailable,
  }
}

function parseBatching(options: BatchOptions<unknown>, label: string): WriteBatching {
  assertOptions(options, BATCH_OPTIONS, label)
  const { maxWait, maxWrites = MAX_COMBINED_WRITES, fields } = options
  if (fields !== undefined && !Array.isArray(fields))
    throw new ArgumentError(`${label}: fields: expected an array of field names, got ${formatValue(fields)}`)
  if (maxWrites > MAX_COMBINED_WRITES)
    throw new ArgumentError(`${label}: maxWrites: expected at most ${MAX_COMBINED_WRITES}, got ${maxWrites}`)
  return {
    maxWait: parseDuration(maxWait, `${label}: maxWait`),
    maxWrites: assertInteger(maxWrites, `${label}: maxWrites`, 1),
    fields: fields && new Set<string>(fields),
  }
}

function computeDigest(
  ttl: number | undefined,
  sliding: boolean,
  strategies: readonly [string, Merge<unknown>][],
): string {
  const namedStrategies = strategies
    .map(([field, merge]) => [field, strategyName(merge)])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
  const text = JSON.stringify([ttl ?? null, sliding, namedStrategies])
  return [1, 2].map((seed) => hash32(text, seed).toString(36)).join('')
}

/**
 * Returns the name of an option in which two definitions differ, except for its functions: strategies of the same names,
 * schemas, hooks and sources count as equal.
 */
export function findDifference(a: CollectionDefinition<unknown>, b: CollectionDefinition<unknown>): string | undefined {
  return COMPARED_OPTIONS.find(([, read]) => read(a) !== read(b))?.[0]
}

const COMPARED_OPTIONS: readonly [string, (definition: CollectionDefinition<unknown>) => unknown][] = [
  ['ttl', ({ ttl, sliding }) => `${ttl} ${sliding}`],
  ['merge', ({ digest }) => digest],
  ['replicate', ({ replicate }) => replicate],
  ['subscribeBy', ({ subscribeBy }) => subscribeBy],
  [
    'batch',
    ({ batch }) => batch && JSON.stringify([batch.maxWait, batch.maxWrites, batch.fields && [...batch.fields]]),
  ],
  ['cache', ({ cache }) => JSON.stringify(Object.entries(cache))],
  // whether the option exists decides how writes are combined and built
  ['schema', ({ schema }) => schema === undefined],
  ['onConflict', ({ onConflict }) => onConflict === undefined],
  ['migrate', ({ migrate }) => migrate === undefined],
  ['source', ({ source }) => JSON.stringify(source, (_, value) => (typeof value === 'function' ? 'function' : value))],
]
