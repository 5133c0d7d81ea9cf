import type { SectionRef } from '../model/address.ts'
import { ArgumentError, ClosedError, ConflictError } from '../model/errors.ts'
import { type Json, type JsonObject, memberOf } from '../model/json.ts'
import type { Operation } from '../model/operation.ts'
import { fromPosition, type Position, toPosition } from '../model/position.ts'
import type { Runtime } from '../model/runtime.ts'
import { toToken } from '../model/token.ts'
import { type Observation, observed } from '../replica/observation.ts'
import type { Replica } from '../replica/replica.ts'
import type { Section } from '../replica/section.ts'
import type { StoreLink } from '../replica/store-link.ts'
import { decodeChange } from '../transport/decode.ts'
import type { ImportedRow, Wait, Write, Written } from './api.ts'
import {
  checkedKey,
  checkedObject,
  checkedOps,
  checkedStream,
  checkNames,
  checkWrite,
  type StreamRequest,
} from './checks.ts'
import { entryOf, type HeldEntry } from './entry.ts'
import { importRows, type Rows } from './import.ts'
import type { Intent } from './intent.ts'
import type { Outcome } from './outcome.ts'
import type { Source } from './source.ts'
import { ChangeStream } from './stream.ts'
import { type Told, tell } from './tell.ts'
import type { Upgrade } from './upgrade.ts'
import { bounded, gaveUp } from './wait.ts'
import type { Writer } from './writer.ts'

type Attempt =
  | { readonly ok: true; readonly fieldVersion: number }
  | { readonly ok: false; readonly fieldVersion: number; readonly value: Json | undefined }

/** What a handle works with: shared by all handles of the section. */
export interface CollectionContext {
  readonly section: Section
  readonly writer: Writer
  readonly link: StoreLink
  readonly runtime: Runtime
  readonly upgrade: Upgrade
  readonly source: Source | undefined
  /** Where an error of a caller's listener goes. */
  readonly failed: (error: unknown) => void
}

/** How often a document that others make and remove again is tried to be created. */
const MOST_CREATIONS = 5
/** Documents that are read at once for a listing. */
const LISTED = 256

/** The handle that an application holds. All checks of what callers give are here; all that follows may trust it. */
export class SectionCollection {
  readonly #context: CollectionContext

  constructor(context: CollectionContext) {
    this.#context = context
  }

  get ref(): SectionRef {
    return this.#context.section.ref
  }

  // ---- reading ---------------------------------------------------------------------------------------------------

  async ready(options: Wait = {}): Promise<void> {
    this.#refuseIfClosed()
    return this.#reading(options, () => this.#context.section.ready())
  }

  async get(key: string, options?: Wait & { readonly after?: Position }): Promise<JsonObject | undefined> {
    // what is held is given at once: waiting for what is there already would cost as much as all the rest
    const held = options === undefined ? this.peek(key) : undefined
    return held ?? this.#shown(await this.#replica(key, options ?? {}))
  }

  peek(key: string): JsonObject | undefined {
    this.#refuseIfClosed()
    const replica = this.#context.section.documents.current(checkedKey(key))
    return replica && this.#shown(replica)
  }

  async entry(key: string, options: Wait = {}): Promise<HeldEntry | undefined> {
    return this.#entryOf(await this.#replica(key, options))
  }

  async getMany(keys: readonly string[], options: Wait = {}): Promise<ReadonlyMap<string, JsonObject>> {
    const values = await Promise.all(keys.map(async (key) => [key, await this.get(key, options)] as const))
    return new Map(values.filter((pair): pair is [string, JsonObject] => pair[1] !== undefined))
  }

  async forget(key: string, options: Wait = {}): Promise<void> {
    const { section, source } = this.#context
    checkedKey(key)
    this.#refuseIfClosed()
    return this.#reading(options, async () => {
      await source?.forget(key)
      await section.forget(key)
    })
  }

  async *entries(
    options: Wait & { readonly prefix?: string } = {},
  ): AsyncGenerator<readonly [string, HeldEntry], void, void> {
    const { section } = this.#context
    const { prefix } = options
    this.#refuseIfClosed()
    const keys = await this.#reading(options, async () => {
      await section.ready()
      return section.documents.keys(prefix)
    })
    for (let at = 0; at < keys.length; at += LISTED) {
      const some = keys.slice(at, at + LISTED)
      const read = (): Promise<Replica[]> => Promise.all(some.map((key) => section.documents.glance(key)))
      for (const replica of await this.#reading(options, read)) {
        const entry = this.#entryOf(replica)
        if (entry) yield [replica.key, entry]
      }
    }
  }

  #replica(key: string, options: Wait & { readonly after?: Position }): Promise<Replica> | Replica {
    const { section, source } = this.#context
    const { after, signal, timeout } = options
    checkedKey(key)
    this.#refuseIfClosed()
    const place = after === undefined ? undefined : fromPosition(after)
    const held = place ? undefined : section.documents.current(key)
    const missing = (replica: Replica): boolean => !replica.value && source?.mayHave(key) === true
    if (held && !signal && timeout === undefined && !missing(held)) return held
    return this.#reading(options, async () => {
      const replica = place ? await section.holdAfter(key, place) : await section.hold(key)
      if (!missing(replica)) return replica
      await source?.fill(key)
      return section.hold(key)
    })
  }

  /** In today's shape. */
  #shown({ value }: Replica): JsonObject | undefined {
    return value && this.#context.upgrade.of(value)
  }

  #entryOf(replica: Replica): HeldEntry | undefined {
    const { section, link, runtime } = this.#context
    const value = this.#shown(replica)
    return value && entryOf(replica, value, link.away !== undefined || !section.hears, runtime)
  }

  #refuseIfClosed(): void {
    if (this.#context.section.closed) throw new ClosedError('the instance is closed')
  }

  #reading<R>(wait: Wait, work: () => Promise<R>): Promise<R> {
    return bounded(this.#context.runtime, wait, work, (why) => gaveUp(why, wait))
  }

  // ---- writing ---------------------------------------------------------------------------------------------------

  async set(key: string, fields: JsonObject, options: Write = {}): Promise<Written> {
    return written(await this.#write(key, { kind: 'set', fields: checkedObject(fields, 'fields') }, options))
  }

  async replace(key: string, document: JsonObject, options: Write = {}): Promise<Written> {
    return written(await this.#write(key, { kind: 'replace', document: checkedObject(document, 'document') }, options))
  }

  async create(
    key: string,
    document: JsonObject,
    options: Write = {},
  ): Promise<{ created: boolean; entry: HeldEntry }> {
    if (options.ifVersion !== undefined) throw new ArgumentError('ifVersion: a document that is created has no version')
    const intent: Intent = { kind: 'create', document: checkedObject(document, 'document') }
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#unlessConflict(this.#write(key, intent, options))
      if (outcome) return { created: true, entry: this.#created(intent.document, outcome) }
      const entry = this.#entryOf(await this.#met(key, options))
      if (entry) return { created: false, entry }
      // there was one, and it is gone again: there is room for this one
      if (attempt >= MOST_CREATIONS || options.opId !== undefined) {
        const address = { ...this.#context.section.ref, key }
        throw new ConflictError('the document comes and goes', { version: 0 }, { address })
      }
    }
  }

  async update(key: string, recipe: (draft: never) => unknown, options: Write = {}): Promise<Written> {
    if (typeof recipe !== 'function') throw new ArgumentError('recipe: a function is needed')
    return written(await this.#write(key, { kind: 'update', recipe }, options))
  }

  async patch(key: string, ops: readonly Operation[], options: Write = {}): Promise<Written> {
    return written(await this.#write(key, { kind: 'patch', ops: checkedOps(ops) }, options))
  }

  async trySet(
    key: string,
    field: string,
    value: unknown,
    options: Write & { readonly expectedVersion: number },
  ): Promise<Attempt> {
    const expectedVersion = options?.expectedVersion
    if (!Number.isSafeInteger(expectedVersion) || expectedVersion < 0)
      throw new ArgumentError('expectedVersion: a version is needed')
    const checked = checkedObject({ [field]: value }, 'value')
    const intent: Intent = { kind: 'trySet', field, value: checked[field] as Json, expectedVersion }
    const outcome = await this.#unlessConflict(this.#write(key, intent, options))
    const edits = outcome?.change && decodeChange(outcome.change).edits
    if (Array.isArray(edits))
      return { ok: true, fieldVersion: edits.find((edit) => edit.field === field)?.version ?? 0 }
    if (outcome) return { ok: true, fieldVersion: (await this.#replica(key, options)).fieldVersion(field) }
    const replica = await this.#met(key, options)
    const present = this.#shown(replica)
    return { ok: false, fieldVersion: present ? replica.fieldVersion(field) : 0, value: memberOf(present, field) }
  }

  async unset(key: string, fields: readonly string[], options: Write = {}): Promise<Written> {
    checkNames(fields)
    return written(await this.#write(key, { kind: 'unset', fields: [...new Set(fields)] }, options))
  }

  async delete(key: string, options: Write = {}): Promise<boolean> {
    return (await this.#write(key, { kind: 'delete' }, options)).existed
  }

  setMany(rows: Rows, options: Wait = {}): AsyncIterable<ImportedRow> {
    this.#refuseIfClosed()
    const { maxWrites } = this.#context.writer
    const write = (key: string, row: unknown): Promise<Written> => this.set(key, row as JsonObject, options)
    return importRows(rows, write, { maxWrites, signal: options.signal })
  }

  /** What a write that conflicted met: its writer holds it by now. */
  #met(key: string, options: Wait): Promise<Replica> {
    return this.#reading(options, () => this.#context.section.documents.settled(key))
  }

  async #write(key: string, intent: Intent, options: Write): Promise<Outcome> {
    checkedKey(key)
    checkWrite(options)
    return this.#context.writer.write(key, intent, options)
  }

  async #unlessConflict(outcome: Promise<Outcome>): Promise<Outcome | undefined> {
    try {
      return await outcome
    } catch (error) {
      if (error instanceof ConflictError) return undefined
      throw error
    }
  }

  /** What was created, whatever became of it since. */
  #created(value: JsonObject, { version, place, change }: Outcome): HeldEntry {
    const { section, runtime } = this.#context
    const { ttl } = section.options
    const changedAt = change ? decodeChange(change).time : runtime.now()
    const fieldVersions = Object.fromEntries(Object.keys(value).map((field) => [field, 1]))
    const expiry = ttl !== undefined && { expiresAt: changedAt + ttl }
    const token = toToken({ version, generation: place.sequence, readAt: place })
    return { value, version, token, fieldVersions, position: toPosition(place), changedAt, ...expiry, stale: false }
  }

  // ---- following along -------------------------------------------------------------------------------------------

  changes(options: StreamRequest = {}): AsyncIterable<readonly Told[]> {
    const { section, link, upgrade } = this.#context
    const checked = checkedStream(options)
    if (checked.key === undefined && section.options.follow === 'key') {
      throw new ArgumentError(`"${section.ref.section}" is followed by key: only single documents of it can be watched`)
    }
    return { [Symbol.asyncIterator]: () => new ChangeStream(section, link, checked, upgrade).iterator() }
  }

  changesBuffer(key: string): readonly Told[] {
    const { section, upgrade } = this.#context
    this.#refuseIfClosed()
    const changes = section.recent(checkedKey(key))
    return changes.flatMap((change) => tell(observed(change, false)) ?? []).map((told) => upgrade.told(told))
  }

  subscribe(key: string, listener: (change: Told) => void): () => void {
    const { section, failed, upgrade } = this.#context
    this.#refuseIfClosed()
    const observe = (seen: Observation): void => {
      for (const change of tell(seen) ?? []) {
        try {
          listener(upgrade.told(change))
        } catch (error) {
          failed(error)
        }
      }
    }
    const end = section.documents.observers.add(checkedKey(key), { observe })
    section.hold(key).catch(failed)
    return end
  }
}

const written = ({ version, place, changed }: Outcome): Written => ({ version, position: toPosition(place), changed })
