import type { StandardSchemaV1 } from '@standard-schema/spec'
import { ArgumentError, ClosedError, ConflictError } from '../model/errors.ts'
import { isJsonObject, type Json, type JsonObject, memberOf } from '../model/json.ts'
import { fromPosition, type Position, toPosition } from '../model/position.ts'
import type { Runtime } from '../model/runtime.ts'
import { toJson } from '../model/to-json.ts'
import type { Observation } from '../replica/observation.ts'
import type { Replica } from '../replica/replica.ts'
import type { Section } from '../replica/section.ts'
import type { StoreLink } from '../replica/store-link.ts'
import { decodeChange } from '../transport/decode.ts'
import type { ChangesOptions, Entry, Wait, Write, Written } from './api.ts'
import type { Intent } from './intent.ts'
import type { Outcome } from './outcome.ts'
import { ChangeStream, type StreamOptions } from './stream.ts'
import { type Told, tell } from './tell.ts'
import { bounded, gaveUp } from './wait.ts'
import type { Writer } from './writer.ts'

type HeldEntry = Omit<Entry<unknown>, 'value' | 'fieldVersions'> & {
  readonly value: JsonObject
  readonly fieldVersions: Readonly<Record<string, number>>
}

type Attempt =
  | { readonly ok: true; readonly fieldVersion: number }
  | { readonly ok: false; readonly fieldVersion: number; readonly value: Json | undefined }

type StreamRequest = Omit<ChangesOptions<unknown>, 'fields'> & { readonly fields?: readonly string[] }

/** What a handle works with: shared by all handles of the section. */
export interface CollectionContext {
  readonly section: Section
  readonly writer: Writer
  readonly link: StoreLink
  readonly runtime: Runtime
  readonly schema: StandardSchemaV1 | undefined
  /** Where an error of a caller's listener goes. */
  readonly failed: (error: unknown) => void
}

/** How often a document that others make and remove again is tried to be created. */
const MOST_CREATIONS = 5

/** The handle that an application holds. All checks of what callers give are here; all that follows may trust it. */
export class SectionCollection {
  readonly #context: CollectionContext

  constructor(context: CollectionContext) {
    this.#context = context
  }

  async ready(options: Wait = {}): Promise<void> {
    this.#refuseIfClosed()
    return this.#reading(options, () => this.#context.section.ready())
  }

  async get(key: string, options: Wait & { readonly after?: Position } = {}): Promise<JsonObject | undefined> {
    return (await this.#replica(key, options)).value
  }

  peek(key: string): JsonObject | undefined {
    this.#refuseIfClosed()
    const replica = this.#context.section.documents.current(checkedKey(key))
    return replica?.value
  }

  async entry(key: string, options: Wait = {}): Promise<HeldEntry | undefined> {
    return this.#entryOf(await this.#replica(key, options))
  }

  async getMany(keys: readonly string[], options: Wait = {}): Promise<ReadonlyMap<string, JsonObject>> {
    const values = await Promise.all(keys.map(async (key) => [key, await this.get(key, options)] as const))
    return new Map(values.filter((pair): pair is [string, JsonObject] => pair[1] !== undefined))
  }

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
      const entry = this.#entryOf(await this.#fresh(key, options))
      if (entry) return { created: false, entry }
      // there was one, and it is gone again: there is room for this one
      if (attempt >= MOST_CREATIONS || options.opId !== undefined) {
        throw new ConflictError(
          'the document comes and goes',
          { version: 0 },
          { address: { ...this.#context.section.ref, key } },
        )
      }
    }
  }

  async update(key: string, recipe: (draft: never) => unknown, options: Write = {}): Promise<Written> {
    if (typeof recipe !== 'function') throw new ArgumentError('recipe: a function is needed')
    return written(await this.#write(key, { kind: 'update', recipe }, options))
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
    const replica = await this.#fresh(key, options)
    return {
      ok: false,
      fieldVersion: replica.value ? replica.fieldVersion(field) : 0,
      value: memberOf(replica.value, field),
    }
  }

  async unset(key: string, fields: readonly string[], options: Write = {}): Promise<Written> {
    if (!isNames(fields)) throw new ArgumentError('fields: an array of names is needed')
    return written(await this.#write(key, { kind: 'unset', fields: [...new Set(fields)] }, options))
  }

  async delete(key: string, options: Write = {}): Promise<boolean> {
    return (await this.#write(key, { kind: 'delete' }, options)).existed
  }

  changes(options: StreamRequest = {}): AsyncIterable<readonly Told[]> {
    const { section, link } = this.#context
    const checked = checkedStream(options)
    if (checked.key === undefined && section.options.follow === 'key') {
      throw new ArgumentError(`"${section.ref.section}" is followed by key: only single documents of it can be watched`)
    }
    return { [Symbol.asyncIterator]: () => new ChangeStream(section, link, checked).iterator() }
  }

  subscribe(key: string, listener: (change: Told) => void): () => void {
    const { section, failed } = this.#context
    this.#refuseIfClosed()
    const observer = (seen: Observation): void => {
      for (const change of tell(seen) ?? []) {
        try {
          listener(change)
        } catch (error) {
          failed(error)
        }
      }
    }
    const end = section.documents.observers.add(checkedKey(key), observer)
    section.hold(key).catch(failed)
    return end
  }

  #replica(key: string, options: Wait & { readonly after?: Position }): Promise<Replica> | Replica {
    const { section } = this.#context
    const { after, signal, timeout } = options
    checkedKey(key)
    this.#refuseIfClosed()
    const place = after === undefined ? undefined : fromPosition(after)
    const held = place ? undefined : section.documents.current(key)
    if (held && !signal && timeout === undefined) return held
    return this.#reading(options, () => (place ? section.holdAfter(key, place) : section.hold(key)))
  }

  /** What the store has now, for who was told that what is held here is old. */
  #fresh(key: string, options: Wait): Promise<Replica> {
    return this.#reading(options, () => this.#context.section.documents.refresh(key))
  }

  #refuseIfClosed(): void {
    if (this.#context.section.closed) throw new ClosedError('the instance is closed')
  }

  #reading<R>(wait: Wait, work: () => Promise<R>): Promise<R> {
    return bounded(this.#context.runtime, wait, work, (why) => gaveUp(why, wait))
  }

  #write(key: string, intent: Intent, options: Write): Promise<Outcome> {
    checkedKey(key)
    checkMeta(options.meta)
    const { ifVersion } = options
    if (ifVersion !== undefined && (!Number.isSafeInteger(ifVersion) || ifVersion < 0)) {
      throw new ArgumentError('ifVersion: a version is needed')
    }
    if (options.opId === '') throw new ArgumentError('opId: a non-empty string is needed')
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
    return { value, version, fieldVersions, position: toPosition(place), changedAt, ...expiry, stale: false }
  }

  #entryOf(replica: Replica): HeldEntry | undefined {
    const { section, link } = this.#context
    const { value, version, fieldVersions, epoch, seen, changedAt, expiresAt } = replica
    if (!value) return undefined
    return {
      value,
      version,
      fieldVersions: Object.fromEntries(fieldVersions),
      position: toPosition({ epoch, sequence: seen }),
      changedAt,
      ...(expiresAt !== undefined && { expiresAt }),
      stale: link.away !== undefined || !section.hears,
    }
  }
}

function checkedStream(options: StreamRequest): StreamOptions {
  const { key, prefix, fields, from = 'now', maxBatch = 50, combine = true, signal } = options
  if (key !== undefined) checkedKey(key)
  if (!Number.isSafeInteger(maxBatch) || maxBatch < 1) {
    throw new ArgumentError('maxBatch: a positive whole number is needed')
  }
  if (fields !== undefined && !isNames(fields)) throw new ArgumentError('fields: an array of names is needed')
  const after = typeof from === 'object' && from !== null
  if (!after && from !== 'now' && from !== 'snapshot') {
    throw new ArgumentError("from: 'now', 'snapshot' or { after: position } is needed")
  }
  const place = after ? fromPosition(from.after) : from
  return { key, prefix, fields: fields && new Set(fields), from: place, maxBatch, combine, signal }
}

const isNames = (names: unknown): names is readonly string[] =>
  Array.isArray(names) && names.every((name) => typeof name === 'string')

const written = ({ version, place, changed }: Outcome): Written => ({ version, position: toPosition(place), changed })

function checkedKey(key: string): string {
  if (typeof key !== 'string' || key === '') throw new ArgumentError('key: a non-empty string is needed')
  return key
}

function checkedObject(value: unknown, what: string): JsonObject {
  const json = toJson(value)
  if (!isJsonObject(json)) throw new ArgumentError(`${what}: an object is needed`)
  return json
}

function checkMeta(meta: Write['meta']): void {
  if (meta === undefined) return
  const texts =
    typeof meta === 'object' && meta !== null && Object.values(meta).every((value) => typeof value === 'string')
  if (!texts) throw new ArgumentError('meta: an object of strings is needed')
}
