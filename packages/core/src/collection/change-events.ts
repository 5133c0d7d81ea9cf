import { type FieldEdit, isCreation } from '../model/change.ts'
import { type JsonObject, memberOf } from '../model/json.ts'
import { escapeToken } from '../model/json-pointer.ts'
import type { Operation } from '../model/operation.ts'
import { encodePosition, type Position } from '../model/position.ts'
import { apply } from '../patch/apply.ts'
import { applyFields } from '../patch/apply-fields.ts'
import { compact } from '../patch/compact.ts'
import type { ReplicaEvent } from '../replica/replica-event.ts'
import type { RemovedReason, ResetReason } from './api.ts'

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

/** Combines two successive changes of one document. */
export function combine(first: ChangeEvent, next: ChangeEvent): ChangeEvent {
  const commits = first.commits + next.commits
  if (next.kind !== 'changed' && next.kind !== 'delta') return { ...next, commits }
  const { key, version, position, at, meta } = next
  const common = { key, version, position, at, commits, ...(meta && { meta }) }
  switch (first.kind) {
    case 'created':
      return { ...common, kind: 'created', value: applyEvent(first.value, next) }
    case 'reset':
      return { ...common, kind: 'reset', reason: first.reason, value: applyEvent(first.value, next) }
    case 'changed':
      return {
        ...common,
        kind: 'changed',
        value: applyEvent(first.value, next),
        previous: first.previous,
        ...mergeDeltas(first, next),
      }
    case 'delta':
      return { ...common, kind: 'delta', ...mergeDeltas(first, next) }
    case 'removed':
      return { ...next, commits }
  }
}

type DeltaEvent = Extract<ChangeEvent, { patch: readonly Operation[] }>

const applyEvent = (value: JsonObject, next: DeltaEvent): JsonObject =>
  next.kind === 'changed' ? next.value : (apply(value, next.patch) as JsonObject)

const mergeDeltas = (first: DeltaEvent, next: DeltaEvent): Pick<DeltaEvent, 'fields' | 'patch'> => ({
  fields: [...new Set([...first.fields, ...next.fields])],
  patch: compact([...first.patch, ...next.patch]),
})
