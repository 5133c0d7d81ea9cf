import type { Merge } from '../merge/merge.ts'
import { ArgumentError, ConflictError, NotFoundError, RefusedError, SyncError } from '../model/errors.ts'
import { isJsonObject, type Json, type JsonObject, jsonEqual, memberOf } from '../model/json.ts'
import type { Operation } from '../model/operation.ts'
import type { Place } from '../model/position.ts'
import { toJson } from '../model/to-json.ts'
import { apply } from '../patch/apply.ts'
import { changedArray } from '../patch/changed-array.ts'
import { diffFields } from '../patch/fields.ts'
import { encodeOps } from '../transport/encode.ts'
import type { CommitRequest, Expectation, FieldWrite } from '../transport/store.ts'
import type { Intent } from './intent.ts'
import { runRecipe } from './recipe.ts'

/** What is known of a document when a write is drafted; no `value`: it does not exist. */
export interface Base {
  readonly value: JsonObject | undefined
  readonly generation: number
  readonly version: number
  readonly readAt: Place
  fieldVersion(field: string): number
}

/** What goes to the store, but for the address, the op id and the epoch. */
export type Draft = Pick<CommitRequest, 'action' | 'fields' | 'others' | 'create' | 'expect'> & {
  /** Makes the document as it will be, where that is known: what a schema validates. Mostly nobody asks. */
  readonly result?: () => JsonObject
}

/** All a draft is made from. */
export interface DraftInput {
  readonly base: Base | undefined
  /** The document as the first attempt found it; differs from `base` after a conflict. */
  readonly first: { readonly value: JsonObject | undefined; readonly generation: number }
  /** What this writer saw before it decided: the common beginning for a merge. */
  readonly origin: JsonObject | undefined
  readonly merge: ReadonlyMap<string, Merge<unknown>>
  /** Brings a document into today's shape, where it has another one. */
  readonly upgrade: (stored: JsonObject) => JsonObject
  /** The beginning of the section's history: what is expected as of it was read nowhere. */
  readonly start: Place
  /** Tells one of several combined recipes that it failed; it is left out. */
  readonly leaveOut: (index: number, error: SyncError) => void
}

/**
 * Drafts one commit from the intents that run together (more than one only for `set` and for `update`).
 * @throws NotFoundError, RefusedError, NotJsonError
 */
export function draft(intents: readonly Intent[], given: DraftInput): Draft {
  const { base, origin, upgrade } = given
  const stored = base?.value
  const shown = stored && upgrade(stored)
  // what its writer saw may be older in shape than what is there by now
  const input = { ...given, origin: origin && upgrade(origin) }
  if (!stored || shown === stored) return draftOn(intents, input)
  // an older shape goes with the first write on it: the whole of it as it will be, or not at all
  const drafted = draftOn(intents, { ...input, base: { ...base, value: shown } })
  if (!drafted.result || drafted.others === 'remove') return drafted
  return {
    ...drafted,
    fields: fieldWrites(stored, drafted.result(), base),
    expect: { ...drafted.expect, ...lifeOf(base), version: base.version },
  }
}

function draftOn(intents: readonly Intent[], input: DraftInput): Draft {
  const [intent] = intents as [Intent]
  switch (intent.kind) {
    case 'set':
      return draftSet(intents.length === 1 ? intent.fields : together(intents as readonly (typeof intent)[]), input)
    case 'update':
      return draftUpdate(intents as readonly (typeof intent)[], input)
    case 'replace':
      return draftReplace(intent.document, input)
    case 'create':
      return { ...whole(intent.document), expect: { readAt: input.base?.readAt ?? input.start, generation: 0 } }
    case 'fill':
      return { ...whole(intent.document), expect: { readAt: intent.absentAt, generation: 0, undeleted: true } }
    case 'patch':
      return draftPatch(intent.ops, input)
    case 'trySet':
      return draftTrySet(intent, input)
    case 'unset':
      return draftUnset(intent.fields, input)
    case 'delete':
      return { action: 'delete', fields: [], others: 'keep', create: false }
  }
}

const together = (intents: readonly { readonly fields: JsonObject }[]): JsonObject =>
  Object.assign({}, ...intents.map(({ fields }) => fields))

/** Must the document be known before this can be drafted? `whole`: something is to be done with all of it. */
export function needsBase(intent: Intent, merge: ReadonlyMap<string, unknown>, whole: boolean): boolean {
  if (intent.kind === 'update' || intent.kind === 'trySet' || intent.kind === 'patch') return true
  if (intent.kind === 'set') return whole || Object.keys(intent.fields).some((field) => merge.has(field))
  return intent.kind === 'unset' && whole
}

function draftSet(fields: JsonObject, { base, first, origin, merge }: DraftInput): Draft {
  const value = base?.value
  refuseAnotherLife(base, first)
  if (!base || !value) {
    const merged = Object.keys(fields).some((field) => merge.has(field))
    return {
      ...whole(fields),
      others: 'keep',
      ...(merged && base && { expect: { readAt: base.readAt, generation: 0 } }),
    }
  }
  const before: Record<string, Json> = {}
  const wanted: Record<string, Json> = {}
  const expected: Record<string, number> = {}
  for (const [field, local] of Object.entries(fields)) {
    const strategy = merge.get(field)
    const remote = memberOf(value, field)
    if (remote !== undefined) before[field] = remote
    wanted[field] =
      strategy && remote !== undefined ? mergeField(strategy, field, memberOf(origin, field), local, remote) : local
    if (strategy || (remote !== undefined && jsonEqual(remote, wanted[field] as Json)))
      expected[field] = base.fieldVersion(field)
  }
  return {
    action: 'write',
    fields: fieldWrites(before, wanted, base),
    others: 'keep',
    create: false,
    expect: { ...lifeOf(base), fields: expected },
    result: () => ({ ...value, ...wanted }),
  }
}

/** Half a document must not come back from one that was held here and went, nor be written over another of its name. */
function refuseAnotherLife(base: Base | undefined, first: DraftInput['first']): void {
  if (first.value && base?.generation !== first.generation) throw new NotFoundError('the document held here is gone')
}

function mergeField(merge: Merge<unknown>, field: string, base: Json | undefined, local: Json, remote: Json): Json {
  if (base !== undefined && jsonEqual(base, remote)) return local
  try {
    return toJson(merge({ base, local, remote }))
  } catch (cause) {
    if (cause instanceof SyncError) throw cause
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new RefusedError(`the merge of "${field}" refused`, [{ message, path: field }], { cause, address: { field } })
  }
}

function draftUpdate(
  intents: readonly { readonly recipe: (draft: never) => unknown }[],
  { base, leaveOut }: DraftInput,
): Draft {
  const value = base?.value
  if (!base || !value) throw new NotFoundError('there is no document to update')
  let next = value
  intents.forEach(({ recipe }, index) => {
    try {
      next = runRecipe(next, recipe)
    } catch (error) {
      if (intents.length === 1) throw error
      leaveOut(index, error as SyncError)
    }
  })
  return {
    action: 'write',
    fields: fieldWrites(value, next, base),
    others: 'keep',
    create: false,
    expect: { ...lifeOf(base), version: base.version },
    result: () => next,
  }
}

/** On another value than its maker saw, a patch means the same only where no index can have come to mean something else. */
function draftPatch(ops: readonly Operation[], { base, first, origin }: DraftInput): Draft {
  refuseAnotherLife(base, first)
  const value = base?.value
  if (!base || !value) throw new NotFoundError('there is no document to patch')
  const array = origin && changedArray(ops, origin, value)
  if (array !== undefined) throw new ConflictError(`the array at ${array} has changed`, base)
  const next = apply(value, ops)
  if (!isJsonObject(next)) throw new ArgumentError('ops: a patch leaves an object')
  return {
    action: 'write',
    fields: fieldWrites(value, next, base),
    others: 'keep',
    create: false,
    expect: { ...lifeOf(base), version: base.version },
    result: () => next,
  }
}

function draftReplace(document: JsonObject, { base }: DraftInput): Draft {
  if (!base?.value) return whole(document)
  return {
    action: 'write',
    fields: fieldWrites(base.value, document, base),
    others: 'keep',
    create: false,
    expect: { ...lifeOf(base), version: base.version },
    result: () => document,
  }
}

function draftTrySet(intent: Extract<Intent, { kind: 'trySet' }>, { base }: DraftInput): Draft {
  const { field, value: written, expectedVersion } = intent
  if (!base) throw new ArgumentError('trySet needs the document')
  const write = { action: 'write', fields: [{ field, whole: JSON.stringify(written) }], others: 'keep' } as const
  const { value } = base
  if (value) {
    const expect = { ...lifeOf(base), fields: { [field]: expectedVersion } }
    return { ...write, create: false, expect, result: () => ({ ...value, [field]: written }) }
  }
  const create = expectedVersion === 0
  const expect = create
    ? { readAt: base.readAt, generation: 0 }
    : { readAt: base.readAt, fields: { [field]: expectedVersion } }
  return { ...write, create, expect, result: () => ({ [field]: written }) }
}

function draftUnset(fields: readonly string[], { base, first }: DraftInput): Draft {
  refuseAnotherLife(base, first)
  if (base && !base.value) throw new NotFoundError('there is no document to change')
  const draft = { action: 'write', others: 'keep', create: false } as const
  if (!base?.value) return { ...draft, fields: fields.map((field) => ({ field })) }
  const { value } = base
  const present = fields.filter((field) => memberOf(value, field) !== undefined)
  const absent = fields.filter((field) => memberOf(value, field) === undefined)
  const expected = Object.fromEntries(absent.map((field) => [field, base.fieldVersion(field)]))
  return {
    ...draft,
    fields: present.map((field) => ({ field })),
    expect: { ...lifeOf(base), fields: expected },
    result: () => Object.fromEntries(Object.entries(value).filter(([field]) => !present.includes(field))),
  }
}

/** The document as it is given, whatever there was. */
const whole = (document: JsonObject): Draft => ({
  action: 'write',
  fields: Object.entries(document).map(([field, value]) => ({ field, whole: JSON.stringify(value) })),
  others: 'remove',
  create: true,
  result: () => document,
})

/** What changed, field by field: the whole value for the store, and the inner patch where it is smaller. */
const fieldWrites = (before: JsonObject, after: JsonObject, base: Base): FieldWrite[] =>
  diffFields(before, after).map((change) => {
    if (change.kind === 'removed') return { field: change.field }
    const { field, value, ops } = change
    const text = JSON.stringify(value)
    return ops
      ? { field, whole: text, delta: { ops: encodeOps(ops), base: base.fieldVersion(field) } }
      : { field, whole: text }
  })

const lifeOf = ({ readAt, generation }: Base): Pick<Expectation, 'readAt' | 'generation'> => ({ readAt, generation })
