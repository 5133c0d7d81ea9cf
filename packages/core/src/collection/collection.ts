import type { StandardSchemaV1 } from '@standard-schema/spec'
import { ArgumentError, ConflictError } from '../model/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
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
import { ChangeStream } from './stream.ts'
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

/** The handle that an application holds. All checks of what callers give are here; all that follows may trust it. */
export class SectionCollection {
  readonly #context: CollectionContext

  constructor(context: CollectionContext) {
    this.#context = context
  }

  async ready(options: Wait = {}): Promise<void> {
    return this.#reading(options, () => this.#context.section.ready())
  }

  async get(key: string, options: Wait & { readonly after?: Position } = {}): Promise<JsonObject | undefined> {
    return (await this.#replica(key, options)).value
  }

  peek(key: string): JsonObject | undefined {
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
    const intent: Intent = { kind: 'create', document: checkedObject(document, 'document') }
    for (;;) {
      const created = await this.#unlessConflict(this.#write(key, intent, options))
      const entry = this.#entryOf(created ? await this.#replica(key, options) : await this.#fresh(key, options))
      // it may be gone again by now: then there is room for this one
      if (entry) return { created: created !== undefined, entry }
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
    const { expectedVersion } = options
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
    return { ok: false, fieldVersion: replica.value ? replica.fieldVersion(field) : 0, value: replica.value?.[field] }
  }

  async unset(key: string, fields: readonly string[], options: Write = {}): Promise<Written> {
    return written(await this.#write(key, { kind: 'unset', fields: [...new Set(fields)] }, options))
  }

  async delete(key: string, options: Write = {}): Promise<boolean> {
    return (await this.#write(key, { kind: 'delete' }, options)).existed
  }

  changes(options: StreamRequest = {}): AsyncIterable<readonly Told[]> {
    const { key, prefix, fields, from = 'now', maxBatch = 50, combine = true, signal } = options
    if (key !== undefined) checkedKey(key)
    if (!Number.isSafeInteger(maxBatch) || maxBatch < 1)
      throw new ArgumentError('maxBatch: a positive whole number is needed')
    const stream = new ChangeStream(this.#context.section, this.#context.link, {
      key,
      prefix,
      fields: fields && new Set(fields),
      from: typeof from === 'object' ? fromPosition(from.after) : from,
      maxBatch,
      combine,
      signal,
    })
    return { [Symbol.asyncIterator]: () => stream.batches() }
  }

  subscribe(key: string, listener: (change: Told) => void): () => void {
    const { section, failed } = this.#context
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
    const place = after === undefined ? undefined : fromPosition(after)
    const held = place ? undefined : section.documents.current(key)
    if (held && !signal && timeout === undefined) return held
    return this.#reading(options, () => (place ? section.holdAfter(key, place) : section.hold(key)))
  }

  /** What the store has now, for who was told that what is held here is old. */
  #fresh(key: string, options: Wait): Promise<Replica> {
    return this.#reading(options, () => this.#context.section.documents.refresh(key))
  }

  #reading<R>(wait: Wait, work: () => Promise<R>): Promise<R> {
    return bounded(this.#context.runtime, wait, work, (why) => gaveUp(why, wait))
  }

  #write(key: string, intent: Intent, options: Write): Promise<Outcome> {
    checkedKey(key)
    checkMeta(options.meta)
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
