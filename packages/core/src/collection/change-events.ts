import { type FieldEdit, isCreation } from '../model/change.ts'
import { type JsonObject, memberOf } from '../model/json.ts'
import { escapeToken } from '../model/json-pointer.ts'
import type { Operation } from '../model/operation.ts'
import { encodePosition, type Position } from '../model/position.ts'
import { apply } from '../patch/apply.ts'
import { applyFields } from '../patch/apply-fields.ts'
import { compact } from '../patch/compact.ts'
import type { ReplicaEvent } from '../replica/replica-event.ts'
import type { ChangeBatch, RemovedReason, ResetReason, SyncedBy } from './api.ts'

interface Common {
  readonly key: string
  readonly version: number
  readonly at: number
  readonly commits: number
  readonly position: Position
  readonly meta?: Readonly<Record<string, string>>
}

type Delta = { readonly fields: readonly string[]; readonly patch: readonly Operation[] }

/** A change as a watcher receives it, without the type of its document (`Change<T>`). */
export type ChangeEvent = Common &
  (
    | { readonly kind: 'created'; readonly value: JsonObject }
    | ({ readonly kind: 'changed'; readonly value: JsonObject; readonly previous: JsonObject } & Delta)
    | ({ readonly kind: 'delta' } & Delta)
    | { readonly kind: 'reset'; readonly value: JsonObject; readonly reason: ResetReason }
    | { readonly kind: 'removed'; readonly reason: RemovedReason }
  )

/** A batch as a watcher receives it, without the type of its documents (`ChangeBatch<C>`). */
export type ChangeEventBatch = ChangeBatch<ChangeEvent>

/**
 * Creates a batch. Its own properties are not enumerable, so that a batch equals an array of the same changes.
 */
export function toChangeBatch<C>(changes: C[], position: Position, synced: SyncedBy | undefined): ChangeBatch<C> {
  const properties = { position: { value: position }, synced: { value: synced } }
  return Object.defineProperties(changes, properties) as unknown as ChangeBatch<C>
}

const EMPTY_DOCUMENT: JsonObject = Object.freeze({})

/**
 * Converts a replica event to changes: usually one; two if a re-creation hides an unobserved deletion; `undefined` if
 * only a load can provide the value.
 */
export function toChangeEvents(event: ReplicaEvent): ChangeEvent[] | undefined {
  const { key, version, at, epoch, sequence } = event
  const common = { key, version, at, commits: 1, position: encodePosition({ epoch, sequence }) }
  if (event.kind === 'reset') return [fromReset(common, event)]
  const { change, value, previous, isCached } = event
  const base = change.meta ? { ...common, meta: change.meta } : common
  const { edits } = change
  if (edits === 'omitted') return undefined
  if (edits === 'removed') return [{ ...base, kind: 'removed', reason: 'deleted' }]
  if (isCreation(change)) {
    const created: ChangeEvent = { ...base, kind: 'created', value: value ?? applyFields(EMPTY_DOCUMENT, edits) }
    return previous ? [{ ...common, commits: 0, kind: 'removed', reason: 'deleted' }, created] : [created]
  }
  const delta = { fields: edits.map((edit) => edit.field), patch: toPatch(edits, previous) }
  if (isCached && value && previous) return [{ ...base, kind: 'changed', value, previous, ...delta }]
  return [{ ...base, kind: 'delta', ...delta }]
}

function fromReset(common: Common, { value, reason }: Extract<ReplicaEvent, { kind: 'reset' }>): ChangeEvent {
  if (!value) return { ...common, kind: 'removed', reason: REMOVED_REASONS[reason] }
  return { ...common, kind: 'reset', value, reason: reason === 'expired' ? 'log-truncated' : reason }
}

const REMOVED_REASONS: Readonly<Record<Extract<ReplicaEvent, { kind: 'reset' }>['reason'], RemovedReason>> = {
  expired: 'expired',
  epoch: 'lost',
  snapshot: 'deleted',
  'log-truncated': 'deleted',
}

/**
 * Converts the edits of a change to one JSON Patch on the document. An unknown field uses `add`, which also replaces.
 */
function toPatch(edits: readonly FieldEdit[], previous: JsonObject | undefined): Operation[] {
  return edits.flatMap((edit): Operation[] => {
    const path = `/${escapeToken(edit.field)}`
    if (edit.kind === 'removed') return [{ op: 'remove', path }]
    if (edit.kind === 'whole')
      return [{ op: memberOf(previous, edit.field) === undefined ? 'add' : 'replace', path, value: edit.value }]
    return edit.ops.map((op) => prefixPaths(path, op))
  })
}

const prefixPaths = (field: string, operation: Operation): Operation => {
  const path = field + operation.path
  return operation.from === undefined ? { ...operation, path } : { ...operation, path, from: field + operation.from }
}

/**
 * Combines successive changes of one document, in time linear in their size: their patches are compacted once, and
 * applied once. Returns the only change unchanged.
 */
export function combine(changes: readonly ChangeEvent[]): ChangeEvent {
  const last = changes.at(-1) as ChangeEvent
  if (changes.length === 1) return last
  const commits = changes.reduce((sum, each) => sum + each.commits, 0)
  // a whole value or a removal supersedes everything before it
  const baseAt = changes.findLastIndex((each) => !isDelta(each))
  const base = changes[baseAt]
  const deltas = changes.slice(baseAt + 1) as DeltaEvent[]
  const [firstDelta] = deltas
  if (!firstDelta) return { ...last, commits }
  const { key, version, position, at, meta } = last
  const common = { key, version, position, at, commits, ...(meta && { meta }) }
  if (base?.kind === 'created') return { ...common, kind: 'created', value: valueAfter(base.value, deltas) }
  if (base?.kind === 'reset')
    return { ...common, kind: 'reset', reason: base.reason, value: valueAfter(base.value, deltas) }
  const { kind } = firstDelta
  if (kind === 'delta') return { ...common, kind, ...mergeDeltas(deltas) }
  const { value, previous } = firstDelta
  return { ...common, kind, value: valueAfter(value, deltas.slice(1)), previous, ...mergeDeltas(deltas) }
}

type DeltaEvent = Extract<ChangeEvent, { patch: readonly Operation[] }>

const isDelta = (event: ChangeEvent): event is DeltaEvent => event.kind === 'changed' || event.kind === 'delta'

/** Returns the document's value after the changes that follow `value`. */
function valueAfter(value: JsonObject, deltas: readonly DeltaEvent[]): JsonObject {
  const lastKnownAt = deltas.findLastIndex(({ kind }) => kind === 'changed')
  const lastKnown = deltas[lastKnownAt]
  const patch = deltas.slice(lastKnownAt + 1).flatMap((each) => each.patch)
  return apply(lastKnown?.kind === 'changed' ? lastKnown.value : value, patch) as JsonObject
}

const mergeDeltas = (deltas: readonly DeltaEvent[]): Pick<DeltaEvent, 'fields' | 'patch'> => ({
  fields: [...new Set(deltas.flatMap(({ fields }) => fields))],
  patch: compact(deltas.flatMap(({ patch }) => patch)),
})
