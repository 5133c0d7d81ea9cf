import { type FieldEdit, isBirth } from '../model/change.ts'
import { type JsonObject, memberOf } from '../model/json.ts'
import { escapeToken } from '../model/json-pointer.ts'
import type { Operation } from '../model/operation.ts'
import { type Position, toPosition } from '../model/position.ts'
import { apply } from '../patch/apply.ts'
import { applyFields } from '../patch/apply-fields.ts'
import { compact } from '../patch/compact.ts'
import type { Observation } from '../replica/observation.ts'
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

/** A change as a watcher is told it, before it is given the type of its documents (`Change<T>`). */
export type Told = Common &
  (
    | { readonly kind: 'created'; readonly value: JsonObject }
    | ({ readonly kind: 'changed'; readonly value: JsonObject; readonly previous: JsonObject } & Delta)
    | ({ readonly kind: 'delta' } & Delta)
    | { readonly kind: 'reset'; readonly value: JsonObject; readonly reason: ResetReason }
    | { readonly kind: 'removed'; readonly reason: RemovedReason }
  )

const NOTHING: JsonObject = Object.freeze({})

/**
 * What an observation is to a watcher: one change; two where a new life began over one whose end went unseen; none where
 * only a load can tell (`undefined`).
 */
export function tell(seen: Observation): Told[] | undefined {
  const { key, version, at, epoch, sequence } = seen
  const common = { key, version, at, commits: 1, position: toPosition({ epoch, sequence }) }
  if (seen.kind === 'jump') return [tellJump(common, seen)]
  const { change, value, previous, held } = seen
  const told = change.meta ? { ...common, meta: change.meta } : common
  const { edits } = change
  if (edits === 'omitted') return undefined
  if (edits === 'removed') return [{ ...told, kind: 'removed', reason: 'deleted' }]
  if (isBirth(change)) {
    const created: Told = { ...told, kind: 'created', value: value ?? applyFields(NOTHING, edits) }
    return previous ? [{ ...common, commits: 0, kind: 'removed', reason: 'deleted' }, created] : [created]
  }
  const delta = { fields: edits.map((edit) => edit.field), patch: patchOf(edits, previous) }
  if (held && value && previous) return [{ ...told, kind: 'changed', value, previous, ...delta }]
  return [{ ...told, kind: 'delta', ...delta }]
}

function tellJump(common: Common, { value, reason }: Extract<Observation, { kind: 'jump' }>): Told {
  if (!value) return { ...common, kind: 'removed', reason: GONE[reason] }
  return { ...common, kind: 'reset', value, reason: reason === 'expired' ? 'log-truncated' : reason }
}

const GONE: Readonly<Record<Extract<Observation, { kind: 'jump' }>['reason'], RemovedReason>> = {
  expired: 'expired',
  epoch: 'lost',
  snapshot: 'deleted',
  'log-truncated': 'deleted',
}

/** The edits of a change as one JSON Patch on the document. `add` also replaces: it fits whether the field was there or not. */
function patchOf(edits: readonly FieldEdit[], previous: JsonObject | undefined): Operation[] {
  return edits.flatMap((edit): Operation[] => {
    const path = `/${escapeToken(edit.field)}`
    if (edit.kind === 'removed') return [{ op: 'remove', path }]
    if (edit.kind === 'whole')
      return [{ op: memberOf(previous, edit.field) === undefined ? 'add' : 'replace', path, value: edit.value }]
    return edit.ops.map((op) => inField(path, op))
  })
}

const inField = (field: string, operation: Operation): Operation => {
  const path = field + operation.path
  return operation.from === undefined ? { ...operation, path } : { ...operation, path, from: field + operation.from }
}

/** Two successive changes of one document as one. */
export function combine(first: Told, next: Told): Told {
  const commits = first.commits + next.commits
  if (next.kind !== 'changed' && next.kind !== 'delta') return { ...next, commits }
  const { key, version, position, at, meta } = next
  const common = { key, version, position, at, commits, ...(meta && { meta }) }
  switch (first.kind) {
    case 'created':
      return { ...common, kind: 'created', value: after(first.value, next) }
    case 'reset':
      return { ...common, kind: 'reset', reason: first.reason, value: after(first.value, next) }
    case 'changed':
      return {
        ...common,
        kind: 'changed',
        value: after(first.value, next),
        previous: first.previous,
        ...joined(first, next),
      }
    case 'delta':
      return { ...common, kind: 'delta', ...joined(first, next) }
    case 'removed':
      return { ...next, commits }
  }
}

type Patched = Extract<Told, { patch: readonly Operation[] }>

const after = (value: JsonObject, next: Patched): JsonObject =>
  next.kind === 'changed' ? next.value : (apply(value, next.patch) as JsonObject)

const joined = (first: Patched, next: Patched): Pick<Patched, 'fields' | 'patch'> => ({
  fields: [...new Set([...first.fields, ...next.fields])],
  patch: compact([...first.patch, ...next.patch]),
})
