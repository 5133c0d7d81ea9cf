import type { Merge } from '../merge/merge.ts'
import type { DocumentRef } from '../model/address.ts'
import { assertNoPromise, typeName } from '../model/assert.ts'
import {
  ArgumentError,
  ConflictError,
  isSyncError,
  messageOf,
  NotFoundError,
  RejectedError,
  type SyncError,
} from '../model/errors.ts'
import { isJsonObject, type Json, type JsonObject, jsonEqual, memberOf } from '../model/json.ts'
import type { Operation } from '../model/operation.ts'
import type { LogPosition } from '../model/position.ts'
import { toJson } from '../model/to-json.ts'
import { apply } from '../patch/apply.ts'
import { findChangedArray } from '../patch/changed-array.ts'
import { diffFields } from '../patch/fields.ts'
import { encodeOps } from '../transport/encode.ts'
import type { CommitRequest, Expectation, FieldWrite } from '../transport/store.ts'
import { runRecipe } from './recipe.ts'
import type { WriteOperation } from './write-operation.ts'

/** The known state of a document when a write is built. `value` is absent if the document does not exist. */
export interface BaseDocument {
  readonly value: JsonObject | undefined
  readonly generation: number
  readonly version: number
  readonly readAt: LogPosition
  fieldVersion(field: string): number
}

/** A commit request without address, operation id and epoch. */
export type CommitContent = Pick<CommitRequest, 'action' | 'fields' | 'otherFields' | 'allowCreate' | 'expect'> & {
  /** Computes the resulting document, if known. Lazy, because usually only a schema needs it. */
  readonly result?: () => JsonObject
}

/** Inputs of {@link buildCommit}. */
export interface BuildInput {
  /** Address of the document, for errors. */
  readonly address: DocumentRef
  readonly base: BaseDocument | undefined
  /** Document as the first attempt found it. Differs from `base` after a conflict. */
  readonly initial: { readonly value: JsonObject | undefined; readonly generation: number }
  /** Document that the caller saw before it decided: the base of a merge. */
  readonly mergeBase: JsonObject | undefined
  readonly merge: ReadonlyMap<string, Merge<unknown>>
  /** Converts a document to its current shape. */
  readonly migrate: (stored: JsonObject) => JsonObject
  /** Start of the section's history: the read position of a precondition that was not read anywhere. */
  readonly historyStart: LogPosition
  /** Rejects one of several combined recipes, which is then left out. */
  readonly rejectWrite: (index: number, error: SyncError) => void
}

/**
 * Builds one commit from writes that share it (more than one only for `assign` and `update`).
 * @throws NotFoundError (`SYNC_NOT_FOUND`), ConflictError (`SYNC_CONFLICT`), RejectedError (`SYNC_REJECTED`),
 * NotJsonError (`SYNC_NOT_JSON`)
 */
export function buildCommit(operations: readonly WriteOperation[], input: BuildInput): CommitContent {
  const { base, mergeBase, migrate } = input
  const stored = base?.value
  const migrated = stored && migrate(stored)
  // the document that the caller saw may have an older shape than the current one
  const migratedInput = { ...input, mergeBase: mergeBase && migrate(mergeBase) }
  if (!stored || migrated === stored) return buildForCurrentShape(operations, migratedInput)
  // the first write to a document of an older shape stores the whole migrated document
  const content = buildForCurrentShape(operations, { ...migratedInput, base: { ...base, value: migrated } })
  if (!content.result || content.otherFields === 'remove') return content
  return {
    ...content,
    fields: toFieldWrites(stored, content.result(), base),
    expect: { ...content.expect, ...generationOf(base), version: base.version },
  }
}

function buildForCurrentShape(operations: readonly WriteOperation[], input: BuildInput): CommitContent {
  const [operation] = operations as [WriteOperation]
  switch (operation.kind) {
    case 'assign':
      return buildAssign(
        operations.length === 1 ? operation.fields : mergeAssignedFields(operations as readonly (typeof operation)[]),
        input,
      )
    case 'update':
      return buildUpdate(operations as readonly (typeof operation)[], input)
    case 'set':
      return buildSet(operation.document, input)
    case 'create':
      return {
        ...whole(operation.document),
        expect: { readAt: input.base?.readAt ?? input.historyStart, generation: 0 },
      }
    case 'fill':
      return { ...whole(operation.document), expect: { readAt: operation.absentAt, generation: 0, notDeleted: true } }
    case 'patch':
      return buildPatch(operation.ops, input)
    case 'compareAndSet':
      return buildCompareAndSet(operation, input)
    case 'unset':
      return buildUnset(operation.fields, input)
    case 'delete':
      return { action: 'delete', fields: [], otherFields: 'keep', allowCreate: false }
  }
}

const mergeAssignedFields = (operations: readonly { readonly fields: JsonObject }[]): JsonObject =>
  Object.assign({}, ...operations.map(({ fields }) => fields))

/** True if the write needs the document before it can be built. `whole`: the whole result is needed. */
export function needsBase(operation: WriteOperation, merge: ReadonlyMap<string, unknown>, whole: boolean): boolean {
  if (operation.kind === 'update' || operation.kind === 'compareAndSet' || operation.kind === 'patch') return true
  if (operation.kind === 'assign') return whole || Object.keys(operation.fields).some((field) => merge.has(field))
  return operation.kind === 'unset' && whole
}

/** True if the write merges with changes made since its caller saw the document. */
export function needsMergeBase(operation: WriteOperation, merge: ReadonlyMap<string, unknown>): boolean {
  if (operation.kind === 'assign') return Object.keys(operation.fields).some((field) => merge.has(field))
  return operation.kind === 'patch'
}

/** True if the result of the write depends on a document that only the source may have. */
export function needsSource(operation: WriteOperation, hasPrecondition: boolean): boolean {
  const { kind } = operation
  if (kind === 'delete' || kind === 'fill') return false
  const isWhole = kind === 'set' || (kind === 'assign' && operation.isWhole === true)
  return !isWhole || hasPrecondition
}

function buildAssign(fields: JsonObject, { address, base, initial, mergeBase, merge }: BuildInput): CommitContent {
  const value = base?.value
  assertSameGeneration(base, initial)
  if (!base || !value) {
    const merged = Object.keys(fields).some((field) => merge.has(field))
    return {
      ...whole(fields),
      otherFields: 'keep',
      ...(merged && base && { expect: { readAt: base.readAt, generation: 0 } }),
    }
  }
  const previous: Record<string, Json> = {}
  const target: Record<string, Json> = {}
  const expected: Record<string, number> = {}
  for (const [field, local] of Object.entries(fields)) {
    const strategy = merge.get(field)
    const remote = memberOf(value, field)
    if (remote !== undefined) previous[field] = remote
    target[field] =
      strategy && remote !== undefined
        ? mergeField(strategy, { ...address, field }, { base: memberOf(mergeBase, field), local, remote })
        : local
    if (strategy || (remote !== undefined && jsonEqual(remote, target[field] as Json)))
      expected[field] = base.fieldVersion(field)
  }
  return {
    action: 'write',
    fields: toFieldWrites(previous, target, base),
    otherFields: 'keep',
    allowCreate: false,
    expect: { ...generationOf(base), fields: expected },
    result: () => ({ ...value, ...target }),
  }
}

/**
 * Throws if the document on which the call was based is gone. A partial write must neither re-create a deleted document
 * nor change its successor.
 */
function assertSameGeneration(base: BaseDocument | undefined, first: BuildInput['initial']): void {
  if (first.value && base?.generation !== first.generation)
    throw new NotFoundError('expected the cached document, but it was deleted')
}

function mergeField(
  merge: Merge<unknown>,
  address: DocumentRef & { readonly field: string },
  { base, local, remote }: { readonly base: Json | undefined; readonly local: Json; readonly remote: Json },
): Json {
  if (base !== undefined && jsonEqual(base, remote)) return local
  try {
    const merged = merge({ base, local, remote })
    assertNoPromise(merged, `merge.${address.field}`)
    return toJson(merged)
  } catch (cause) {
    if (isSyncError(cause)) throw cause
    const message = messageOf(cause)
    throw new RejectedError(`the merge strategy threw: ${message}`, [{ message, path: address.field }], {
      cause,
      address,
    })
  }
}

function buildUpdate(
  operations: readonly { readonly recipe: (draft: never) => unknown }[],
  { base, rejectWrite }: BuildInput,
): CommitContent {
  const value = base?.value
  if (!base || !value) throw new NotFoundError('update() requires a document, but none exists')
  let next = value
  operations.forEach(({ recipe }, index) => {
    try {
      next = runRecipe(next, recipe)
    } catch (error) {
      if (operations.length === 1) throw error
      rejectWrite(index, error as SyncError)
    }
  })
  return {
    action: 'write',
    fields: toFieldWrites(value, next, base),
    otherFields: 'keep',
    allowCreate: false,
    expect: { ...generationOf(base), version: base.version },
    result: () => next,
  }
}

/**
 * Builds a patch. On a newer document than the caller saw, a patch is applied only if no array on its paths has
 * changed: an index could name another element.
 */
function buildPatch(ops: readonly Operation[], { base, initial, mergeBase }: BuildInput): CommitContent {
  assertSameGeneration(base, initial)
  const value = base?.value
  if (!base || !value) throw new NotFoundError('patch() requires a document, but none exists')
  const array = mergeBase && findChangedArray(ops, mergeBase, value)
  if (array !== undefined)
    throw new ConflictError(`patch() requires the array at ${array} as it was read, but it has changed`, base)
  const next = apply(value, ops)
  if (!isJsonObject(next))
    throw new ArgumentError(`ops: expected a patch that results in an object, got ${typeName(next)}`)
  return {
    action: 'write',
    fields: toFieldWrites(value, next, base),
    otherFields: 'keep',
    allowCreate: false,
    expect: { ...generationOf(base), version: base.version },
    result: () => next,
  }
}

function buildSet(document: JsonObject, { base }: BuildInput): CommitContent {
  if (!base?.value) return whole(document)
  return {
    action: 'write',
    fields: toFieldWrites(base.value, document, base),
    otherFields: 'keep',
    allowCreate: false,
    expect: { ...generationOf(base), version: base.version },
    result: () => document,
  }
}

function buildCompareAndSet(
  operation: Extract<WriteOperation, { kind: 'compareAndSet' }>,
  { base }: BuildInput,
): CommitContent {
  const { field, value: newValue, expectedVersion } = operation
  if (!base) throw new ArgumentError('compareAndSet() requires the document to be loaded')
  const write = { action: 'write', fields: [{ field, whole: JSON.stringify(newValue) }], otherFields: 'keep' } as const
  const { value } = base
  if (value) {
    const expect = { ...generationOf(base), fields: { [field]: expectedVersion } }
    return { ...write, allowCreate: false, expect, result: () => ({ ...value, [field]: newValue }) }
  }
  const allowCreate = expectedVersion === 0
  const expect = allowCreate
    ? { readAt: base.readAt, generation: 0 }
    : { readAt: base.readAt, fields: { [field]: expectedVersion } }
  return { ...write, allowCreate, expect, result: () => ({ [field]: newValue }) }
}

function buildUnset(fields: readonly string[], { base, initial }: BuildInput): CommitContent {
  assertSameGeneration(base, initial)
  if (base && !base.value) throw new NotFoundError('unset() requires a document, but none exists')
  const content = { action: 'write', otherFields: 'keep', allowCreate: false } as const
  if (!base?.value) return { ...content, fields: fields.map((field) => ({ field })) }
  const { value } = base
  const present = fields.filter((field) => memberOf(value, field) !== undefined)
  const absent = fields.filter((field) => memberOf(value, field) === undefined)
  const expected = Object.fromEntries(absent.map((field) => [field, base.fieldVersion(field)]))
  return {
    ...content,
    fields: present.map((field) => ({ field })),
    expect: { ...generationOf(base), fields: expected },
    result: () => Object.fromEntries(Object.entries(value).filter(([field]) => !present.includes(field))),
  }
}

/** Replaces the document unconditionally. */
const whole = (document: JsonObject): CommitContent => ({
  action: 'write',
  fields: Object.entries(document).map(([field, value]) => ({ field, whole: JSON.stringify(value) })),
  otherFields: 'remove',
  allowCreate: true,
  result: () => document,
})

/** Returns the changed fields: the whole value for the store, and the inner patch where it is smaller. */
const toFieldWrites = (before: JsonObject, after: JsonObject, base: BaseDocument): FieldWrite[] =>
  diffFields(before, after).map((change) => {
    if (change.kind === 'removed') return { field: change.field }
    const { field, value, ops } = change
    const text = JSON.stringify(value)
    return ops
      ? { field, whole: text, delta: { ops: encodeOps(ops), base: base.fieldVersion(field) } }
      : { field, whole: text }
  })

const generationOf = ({ readAt, generation }: BaseDocument): Pick<Expectation, 'readAt' | 'generation'> => ({
  readAt,
  generation,
})
