import type { Merge } from '../merge/merge.ts'
import { ArgumentError, ConflictError, NotFoundError, RejectedError, SyncError } from '../model/errors.ts'
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

/** What is known of a document when a write is drafted; no `value`: it does not exist. */
export interface BaseDocument {
  readonly value: JsonObject | undefined
  readonly generation: number
  readonly version: number
  readonly readAt: LogPosition
  fieldVersion(field: string): number
}

/** What goes to the store, but for the address, the op id and the epoch. */
export type CommitContent = Pick<CommitRequest, 'action' | 'fields' | 'otherFields' | 'allowCreate' | 'expect'> & {
  /** Makes the document as it will be, where that is known: what a schema validates. Mostly nobody asks. */
  readonly result?: () => JsonObject
}

/** All a draft is made from. */
export interface BuildInput {
  readonly base: BaseDocument | undefined
  /** The document as the first attempt found it; differs from `base` after a conflict. */
  readonly initial: { readonly value: JsonObject | undefined; readonly generation: number }
  /** What this writer saw before it decided: the common beginning for a merge. */
  readonly mergeBase: JsonObject | undefined
  readonly merge: ReadonlyMap<string, Merge<unknown>>
  /** Brings a document into today's shape, where it has another one. */
  readonly migrate: (stored: JsonObject) => JsonObject
  /** The beginning of the section's history: what is expected as of it was read nowhere. */
  readonly historyStart: LogPosition
  /** Tells one of several combined recipes that it failed; it is left out. */
  readonly rejectWrite: (index: number, error: SyncError) => void
}

/**
 * Drafts one commit from the intents that run together (more than one only for `set` and for `update`).
 * @throws NotFoundError, RejectedError, NotJsonError
 */
export function buildCommit(operations: readonly WriteOperation[], input: BuildInput): CommitContent {
  const { base, mergeBase, migrate } = input
  const stored = base?.value
  const migrated = stored && migrate(stored)
  // what its writer saw may be older in shape than what is there by now
  const migratedInput = { ...input, mergeBase: mergeBase && migrate(mergeBase) }
  if (!stored || migrated === stored) return buildForCurrentShape(operations, migratedInput)
  // an older shape goes with the first write on it: the whole of it as it will be, or not at all
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

/** Must the document be known before this can be drafted? `whole`: something is to be done with all of it. */
export function needsBase(operation: WriteOperation, merge: ReadonlyMap<string, unknown>, whole: boolean): boolean {
  if (operation.kind === 'update' || operation.kind === 'compareAndSet' || operation.kind === 'patch') return true
  if (operation.kind === 'assign') return whole || Object.keys(operation.fields).some((field) => merge.has(field))
  return operation.kind === 'unset' && whole
}

function buildAssign(fields: JsonObject, { base, initial, mergeBase, merge }: BuildInput): CommitContent {
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
      strategy && remote !== undefined ? mergeField(strategy, field, memberOf(mergeBase, field), local, remote) : local
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

/** Half a document must not come back from one that was held here and went, nor be written over another of its name. */
function assertSameGeneration(base: BaseDocument | undefined, first: BuildInput['initial']): void {
  if (first.value && base?.generation !== first.generation) throw new NotFoundError('the document held here is gone')
}

function mergeField(merge: Merge<unknown>, field: string, base: Json | undefined, local: Json, remote: Json): Json {
  if (base !== undefined && jsonEqual(base, remote)) return local
  try {
    return toJson(merge({ base, local, remote }))
  } catch (cause) {
    if (cause instanceof SyncError) throw cause
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new RejectedError(`the merge of "${field}" refused`, [{ message, path: field }], {
      cause,
      address: { field },
    })
  }
}

function buildUpdate(
  operations: readonly { readonly recipe: (draft: never) => unknown }[],
  { base, rejectWrite }: BuildInput,
): CommitContent {
  const value = base?.value
  if (!base || !value) throw new NotFoundError('there is no document to update')
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

/** On another value than its maker saw, a patch means the same only where no index can have come to mean something else. */
function buildPatch(ops: readonly Operation[], { base, initial, mergeBase }: BuildInput): CommitContent {
  assertSameGeneration(base, initial)
  const value = base?.value
  if (!base || !value) throw new NotFoundError('there is no document to patch')
  const array = mergeBase && findChangedArray(ops, mergeBase, value)
  if (array !== undefined) throw new ConflictError(`the array at ${array} has changed`, base)
  const next = apply(value, ops)
  if (!isJsonObject(next)) throw new ArgumentError('ops: a patch leaves an object')
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
  if (!base) throw new ArgumentError('compareAndSet needs the document')
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
  if (base && !base.value) throw new NotFoundError('there is no document to change')
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

/** The document as it is given, whatever there was. */
const whole = (document: JsonObject): CommitContent => ({
  action: 'write',
  fields: Object.entries(document).map(([field, value]) => ({ field, whole: JSON.stringify(value) })),
  otherFields: 'remove',
  allowCreate: true,
  result: () => document,
})

/** What changed, field by field: the whole value for the store, and the inner patch where it is smaller. */
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
