import type { SectionRef } from '../model/address.ts'
import { assertFunction, formatValue } from '../model/assert.ts'
import { captureContext } from '../model/async-context.ts'
import { ArgumentError, ClosedError, ConflictError, isSyncError } from '../model/errors.ts'
import { encodeETag, hashOf } from '../model/etag.ts'
import { type Json, type JsonObject, memberOf } from '../model/json.ts'
import type { Operation } from '../model/operation.ts'
import { decodePosition, encodePosition, type Position } from '../model/position.ts'
import type { Runtime } from '../model/runtime.ts'
import type { Replica } from '../replica/replica.ts'
import { type ReplicaEvent, replicaChange } from '../replica/replica-event.ts'
import type { RetryingStore } from '../replica/retrying-store.ts'
import type { SectionReplica } from '../replica/section-replica.ts'
import { decodeChange } from '../transport/decode.ts'
import { callListener } from '../transport/listeners.ts'
import type { CallOptions, ImportOptions, ImportResult, WriteOptions, WriteResult } from './api.ts'
import {
  assertCallOptions,
  assertFieldNames,
  assertImportOptions,
  assertWriteOptions,
  ENTRIES_OPTIONS,
  GET_OPTIONS,
  parseCompareAndSet,
  parseKey,
  parseObject,
  parseOperations,
  parseStreamOptions,
  type StreamRequest,
} from './argument-checks.ts'
import { type ChangeEvent, type ChangeEventBatch, toChangeEvents } from './change-events.ts'
import { ChangeStream } from './change-stream.ts'
import type { CommitOutcome } from './commit-outcome.ts'
import { toEntry, toSourceEntry, type UntypedEntry } from './entry.ts'
import { importRows, type Rows } from './import.ts'
import type { Migration } from './schema-migration.ts'
import type { SourceCopy, SourceLoader } from './source-loader.ts'
import { deadlineError, withDeadline } from './with-deadline.ts'
import type { WriteOperation } from './write-operation.ts'
import type { WriteQueue } from './write-queue.ts'

type CompareAndSetOutcome =
  | { readonly ok: true; readonly fieldVersion: number }
  | { readonly ok: false; readonly fieldVersion: number; readonly value: Json | undefined }

/** Maximum attempts of `create` when other writers keep creating and deleting the document. */
const MAX_CREATE_ATTEMPTS = 5
/** Number of documents that `entries` reads at a time. */
const LIST_BATCH_SIZE = 256

/**
 * Implementation of {@link Collection}, without the type of its documents. Validates all arguments; the layers below
 * trust them.
 */
export class SectionCollection {
  readonly #deps: CollectionDeps

  constructor(deps: CollectionDeps) {
    this.#deps = deps
  }

  get ref(): SectionRef {
    return this.#deps.section.ref
  }

  // ---- reading ---------------------------------------------------------------------------------------------------

  async ready(options: CallOptions = {}): Promise<void> {
    this.#assertOpen()
    assertCallOptions(options)
    return this.#withDeadline(options, () => this.#deps.section.ready())
  }

  async get(key: string, options?: CallOptions & { readonly after?: Position }): Promise<JsonObject | undefined> {
    // a cached document is returned without a deadline: setting one up costs as much as the rest of the call
    const cached = options === undefined ? this.peek(key) : undefined
    if (options !== undefined) assertCallOptions(options, GET_OPTIONS)
    if (cached) return cached
    const read = await this.#read(key, options ?? {})
    return read && (isSourceCopy(read) ? read.value : this.#migratedValue(read))
  }

  peek(key: string): JsonObject | undefined {
    this.#assertOpen()
    const replica = this.#deps.section.reader.peekFresh(parseKey(key))
    return replica && this.#migratedValue(replica)
  }

  async getEntry(key: string, options: CallOptions = {}): Promise<UntypedEntry | undefined> {
    assertCallOptions(options)
    const read = await this.#read(key, options)
    if (!read) return undefined
    return isSourceCopy(read) ? toSourceEntry(read.value, this.#deps.runtime) : this.#toEntry(read)
  }

  async getMany(keys: readonly string[], options: CallOptions = {}): Promise<ReadonlyMap<string, JsonObject>> {
    if (!Array.isArray(keys)) throw new ArgumentError(`keys: expected an array of keys, got ${formatValue(keys)}`)
    const values = await Promise.all(
      (keys as readonly string[]).map(async (key) => [key, await this.get(key, options)] as const),
    )
    return new Map(values.filter((pair): pair is [string, JsonObject] => pair[1] !== undefined))
  }

  async evict(key: string, options: CallOptions = {}): Promise<void> {
    const { section, sourceLoader } = this.#deps
    parseKey(key)
    assertCallOptions(options)
    this.#assertOpen()
    return this.#withDeadline(
      options,
      async () => {
        await sourceLoader?.evict(key)
        await section.evict(key)
      },
      key,
    )
  }

  async *entries(
    options: CallOptions & { readonly prefix?: string } = {},
  ): AsyncGenerator<readonly [string, UntypedEntry], void, void> {
    const { section } = this.#deps
    assertCallOptions(options, ENTRIES_OPTIONS)
    const { prefix } = options
    this.#assertOpen()
    const { keys } = await this.#withDeadline(options, async () => {
      await section.ready()
      return section.reader.listKeys(prefix)
    })
    for (let offset = 0; offset < keys.length; offset += LIST_BATCH_SIZE) {
      const batch = keys.slice(offset, offset + LIST_BATCH_SIZE)
      const read = async (): Promise<Replica[]> => {
        await section.ensureSubscribed()
        return Promise.all(batch.map((key) => section.reader.readTransient(key)))
      }
      for (const replica of await this.#withDeadline(options, read)) {
        const entry = this.#toEntry(replica)
        if (entry) yield [replica.key, entry]
      }
    }
  }

  /** Returns the document's replica or, if the collection allows it while the store is unavailable, the source's copy. */
  #read(
    key: string,
    options: CallOptions & { readonly after?: Position },
  ): Promise<Replica | SourceCopy | undefined> | Replica {
    const { section, sourceLoader, readsSourceInOutage } = this.#deps
    parseKey(key)
    this.#assertOpen()
    const isCached = section.reader.peekFresh(key)?.value !== undefined
    if (!sourceLoader || !readsSourceInOutage || isCached || options.after !== undefined)
      return this.#readReplica(key, options)
    const read = async (): Promise<Replica> => this.#readReplica(key, {})
    return this.#withDeadline(options, () => sourceLoader.readDespiteOutage(key, read), key)
  }

  #readReplica(key: string, options: CallOptions & { readonly after?: Position }): Promise<Replica> | Replica {
    const { section, sourceLoader, writeQueue } = this.#deps
    const { after, signal, timeout } = options
    parseKey(key)
    this.#assertOpen()
    const position = after === undefined ? undefined : decodePosition(after)
    const cached = position ? undefined : section.reader.peekFresh(key)
    const isMissing = (replica: Replica): boolean => !replica.value && sourceLoader?.shouldLoad(key) === true
    if (cached && !signal && timeout === undefined && !isMissing(cached)) return cached
    return this.#withDeadline(
      options,
      async () => {
        const replica = position ? await section.acquireAsOf(key, position) : await section.acquire(key)
        if (!isMissing(replica)) return replica
        await sourceLoader?.fill(key, (operation) => writeQueue.enqueue(key, operation, {}))
        return section.acquire(key)
      },
      key,
    )
  }

  /** Returns the replica's document in its current shape. */
  #migratedValue({ value }: Replica): JsonObject | undefined {
    return value && this.#deps.migration.document(value)
  }

  #toEntry(replica: Replica): UntypedEntry | undefined {
    const { section, retryingStore, runtime } = this.#deps
    const { value: stored } = replica
    if (!stored) return undefined
    const value = this.#deps.migration.document(stored)
    const stale = retryingStore.unavailable !== undefined || !section.isReceiving
    return toEntry(replica, { stored, value }, stale, runtime)
  }

  #assertOpen(): void {
    if (this.#deps.section.closed) throw new ClosedError('the instance is closed')
  }

  #withDeadline<R>(options: CallOptions, work: () => Promise<R>, key?: string): Promise<R> {
    const address = { ...this.ref, ...(key !== undefined && { key }) }
    const { section } = this.#deps
    return withDeadline(
      this.#deps.runtime,
      options,
      () => section.use(work),
      (reason) => deadlineError(reason, options, address),
    )
  }

  // ---- writing ---------------------------------------------------------------------------------------------------

  async assign(key: string, fields: JsonObject, options: WriteOptions = {}): Promise<WriteResult> {
    const parsed = this.#parse(key, () => parseObject(fields, 'fields'))
    return toWriteResult(await this.#write(key, { kind: 'assign', fields: parsed }, options))
  }

  async set(key: string, document: JsonObject, options: WriteOptions = {}): Promise<WriteResult> {
    const parsed = this.#parse(key, () => parseObject(document, 'document'))
    return toWriteResult(await this.#write(key, { kind: 'set', document: parsed }, options))
  }

  async create(
    key: string,
    document: JsonObject,
    options: WriteOptions = {},
  ): Promise<{ created: boolean; entry: UntypedEntry }> {
    const operation = this.#parse(key, () => {
      if (options.ifVersion !== undefined || options.ifMatch !== undefined)
        throw new ArgumentError(
          'ifVersion, ifMatch: expected neither in create(), which requires that the document is absent',
        )
      return { kind: 'create', document: parseObject(document, 'document') } as const
    })
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#unlessConflict(this.#write(key, operation, options))
      if (outcome) return { created: true, entry: this.#createdEntry(operation.document, outcome) }
      const entry = this.#toEntry(await this.#conflictingReplica(key, options))
      if (entry) return { created: false, entry }
      // the conflicting document was deleted in the meantime: try again
      if (attempt >= MAX_CREATE_ATTEMPTS || options.idempotencyKey !== undefined) {
        const address = { ...this.#deps.section.ref, key }
        throw new ConflictError(
          `create() gave up after ${attempt} attempts; another writer keeps creating and deleting it`,
          { version: 0 },
          { address },
        )
      }
    }
  }

  async update(key: string, recipe: (draft: never) => unknown, options: WriteOptions = {}): Promise<WriteResult> {
    this.#parse(key, () => assertFunction(recipe, 'recipe'))
    return toWriteResult(await this.#write(key, { kind: 'update', recipe }, options))
  }

  async patch(key: string, ops: readonly Operation[], options: WriteOptions = {}): Promise<WriteResult> {
    const parsed = this.#parse(key, () => parseOperations(ops))
    return toWriteResult(await this.#write(key, { kind: 'patch', ops: parsed }, options))
  }

  async compareAndSet(
    key: string,
    field: string,
    value: unknown,
    options: WriteOptions & { readonly expectedVersion: number },
  ): Promise<CompareAndSetOutcome> {
    const { operation, writeOptions } = this.#parse(key, () => parseCompareAndSet(field, value, options))
    const outcome = await this.#unlessConflict(this.#write(key, operation, writeOptions))
    const edits = outcome?.change && decodeChange(outcome.change).edits
    if (Array.isArray(edits))
      return { ok: true, fieldVersion: edits.find((edit) => edit.field === field)?.version ?? 0 }
    if (outcome) return { ok: true, fieldVersion: (await this.#readReplica(key, writeOptions)).fieldVersion(field) }
    const replica = await this.#conflictingReplica(key, options)
    const currentValue = this.#migratedValue(replica)
    return {
      ok: false,
      fieldVersion: currentValue ? replica.fieldVersion(field) : 0,
      value: memberOf(currentValue, field),
    }
  }

  async unset(key: string, fields: readonly string[], options: WriteOptions = {}): Promise<WriteResult> {
    this.#parse(key, () => assertFieldNames(fields))
    return toWriteResult(await this.#write(key, { kind: 'unset', fields: [...new Set(fields)] }, options))
  }

  async delete(key: string, options: WriteOptions = {}): Promise<boolean> {
    return (await this.#write(key, { kind: 'delete' }, options)).existed
  }

  async importMany(rows: Rows, options: ImportOptions = {}): Promise<ImportResult> {
    this.#assertOpen()
    assertImportOptions(options)
    const { onRow, ...callOptions } = options
    const { maxPendingWrites } = this.#deps.writeQueue
    const write = async (key: string, row: unknown): Promise<CommitOutcome> => {
      const fields = this.#parse(key, () => parseObject(row, 'fields'))
      return this.#write(key, { kind: 'assign', fields, isWhole: true }, callOptions)
    }
    return importRows(rows, write, { maxPendingWrites, signal: callOptions.signal, onRow })
  }

  /** Returns the state that a failed write conflicted with. The write has loaded it. */
  #conflictingReplica(key: string, options: CallOptions): Promise<Replica> {
    return this.#withDeadline(options, () => this.#deps.section.reader.acquireSettled(key), key)
  }

  async #write(key: string, operation: WriteOperation, options: WriteOptions): Promise<CommitOutcome> {
    this.#parse(key, () => {
      parseKey(key)
      assertWriteOptions(options)
    })
    return this.#deps.writeQueue.enqueue(key, operation, options)
  }

  /** Validates arguments; adds the address to the error of an invalid one. */
  #parse<R>(key: string, parse: () => R): R {
    try {
      return parse()
    } catch (error) {
      if (isSyncError(error)) error.locate({ ...this.ref, ...(typeof key === 'string' && { key }) })
      throw error
    }
  }

  async #unlessConflict(outcome: Promise<CommitOutcome>): Promise<CommitOutcome | undefined> {
    try {
      return await outcome
    } catch (error) {
      if (error instanceof ConflictError) return undefined
      throw error
    }
  }

  /** Returns the entry as it was created, regardless of later writes. */
  #createdEntry(value: JsonObject, { version, position, change }: CommitOutcome): UntypedEntry {
    const { section, runtime } = this.#deps
    const { ttl } = section.options
    const changedAt = change ? decodeChange(change).time : runtime.now()
    const fieldVersions = Object.fromEntries(Object.keys(value).map((field) => [field, 1]))
    const expiry = ttl !== undefined && { expiresAt: changedAt + ttl }
    const etag = encodeETag({ version, generation: position.sequence, hash: hashOf(value) })
    return {
      value,
      version,
      etag,
      fieldVersions,
      position: encodePosition(position),
      changedAt,
      ...expiry,
      stale: false,
    }
  }

  // ---- change streams --------------------------------------------------------------------------------------------

  changes(options: StreamRequest = {}): AsyncIterable<ChangeEventBatch> {
    const { section, retryingStore, migration, runtime } = this.#deps
    const parsed = parseStreamOptions(options)
    if (parsed.key === undefined && section.options.subscribeBy === 'document') {
      throw new ArgumentError(
        "changes(): expected a key, because the collection has subscribeBy: 'document', got none",
        { address: section.ref },
      )
    }
    return {
      [Symbol.asyncIterator]: () => new ChangeStream({ section, retryingStore, migration, runtime }, parsed).iterator(),
    }
  }

  recentChanges(key: string): readonly ChangeEvent[] {
    const { section, migration } = this.#deps
    this.#assertOpen()
    const changes = section.recentChanges(parseKey(key))
    return changes
      .flatMap((change) => toChangeEvents(replicaChange(change, false)) ?? [])
      .map((event) => migration.change(event))
  }

  subscribe(key: string, listener: (change: ChangeEvent) => unknown): () => void {
    const { section, onError, migration } = this.#deps
    this.#assertOpen()
    assertFunction(listener, 'listener')
    const runInContext = captureContext()
    const observe = (event: ReplicaEvent): void => {
      const deliver = (change: ChangeEvent): unknown => runInContext(() => listener(migration.change(change)))
      for (const change of toChangeEvents(event) ?? []) callListener(deliver, change, onError)
    }
    const unsubscribe = section.reader.observers.add(parseKey(key), { observe })
    section.acquire(key).catch(onError)
    return unsubscribe
  }
}

const isSourceCopy = (read: Replica | SourceCopy): read is SourceCopy => 'isSourceCopy' in read

const toWriteResult = ({ version, position, changed }: CommitOutcome): WriteResult => ({
  version,
  position: encodePosition(position),
  changed,
})

/** Collaborators of {@link SectionCollection}, shared by all handles of the section. */
export interface CollectionDeps {
  readonly section: SectionReplica
  readonly writeQueue: WriteQueue
  readonly retryingStore: RetryingStore
  readonly runtime: Runtime
  readonly migration: Migration
  readonly sourceLoader: SourceLoader | undefined
  /** True if reads return the source's document while the store is unavailable. */
  readonly readsSourceInOutage: boolean
  /** Called with errors that callers' listeners throw. */
  readonly onError: (error: unknown) => void
}
