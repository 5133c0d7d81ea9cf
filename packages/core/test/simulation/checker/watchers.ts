import type { JsonObject } from '@sync/core'
import jsonpatch from 'fast-json-patch'
import { jsonEqual } from '../../../src/model/json.ts'
import type { FinalState, History, WatchEvent } from '../history.ts'
import { difference } from './final-states.ts'

interface WatchedDocument {
  /** A copy that patches may mutate. */
  readonly value: JsonObject
  readonly version: number
}

interface WatcherState {
  readonly documents: Map<string, WatchedDocument>
  /** Documents that the current stream has emitted and not removed. */
  readonly present: Set<string>
  /** Whether the watcher resumed at a position after which it may not receive all removals. */
  mayMissRemovals: boolean
}

/** Checks that each watcher's events, replayed with an independent patch library, lead to the store's documents. */
export function checkWatchers({ watchEvents, finalStates }: Pick<History, 'watchEvents' | 'finalStates'>): string[] {
  const problems: string[] = []
  const watchers = new Map<string, WatcherState>()
  const remaining = [...finalStates]
  for (const event of watchEvents) {
    while (remaining[0] && remaining[0].at < event.at) compareAll(remaining.shift() as FinalState, watchers, problems)
    const state = watchers.get(event.watcher) ?? { documents: new Map(), present: new Set(), mayMissRemovals: false }
    watchers.set(event.watcher, state)
    applyEvent(event, state, problems)
  }
  for (const finalState of remaining) compareAll(finalState, watchers, problems)
  return problems
}

function applyEvent(event: WatchEvent, state: WatcherState, problems: string[]): void {
  if (event.kind === 'resumed') {
    state.mayMissRemovals ||= event.mayMissRemovals
    state.present.clear()
    return
  }
  if (event.kind === 'synced') {
    if (event.by === 'snapshot') dropAbsent(state)
    return
  }
  const { documents, mayMissRemovals } = state
  const { watcher, kind, key, version, commits } = event
  const document = documents.get(key)
  if (kind === 'removed') state.present.delete(key)
  else state.present.add(key)
  if (kind === 'removed') documents.delete(key)
  else if (!('patch' in event)) {
    documents.set(key, { value: clone(event.value as JsonObject), version })
    if (kind === 'created' && commits < version)
      problems.push(`${watcher} received ${key} created at version ${version} by ${commits} commits`)
  } else if (document) {
    if (version !== document.version + commits)
      problems.push(
        `${watcher} received version ${version} of ${key} by ${commits} commits after version ${document.version}`,
      )
    const value = applyPatch(document.value, event.patch)
    if (!value)
      problems.push(`${watcher}: ${JSON.stringify(event.patch)} does not apply to ${JSON.stringify(document.value)}`)
    else if (event.value && !jsonEqual(value, event.value))
      problems.push(
        `${watcher}: expected the patch of ${key} to produce ${JSON.stringify(event.value)}, got ${JSON.stringify(value)}`,
      )
    documents.set(key, { value: value ?? (event.value ? clone(event.value) : document.value), version })
  } else if (!mayMissRemovals) problems.push(`${watcher} received "${kind}" of ${key}, which it does not have`)
}

/** Drops the documents that a snapshot did not contain, as a consumer with its own copy does. */
function dropAbsent(state: WatcherState): void {
  for (const key of [...state.documents.keys()]) if (!state.present.has(key)) state.documents.delete(key)
  state.mayMissRemovals = false
}

/** Applies a patch in place. Clones the patch, so that the result shares no values with it. */
function applyPatch(value: JsonObject, patch: readonly unknown[]): JsonObject | undefined {
  try {
    return jsonpatch.applyPatch(value, clone(patch) as Parameters<typeof jsonpatch.applyPatch>[1], false, true)
      .newDocument as JsonObject
  } catch {
    return undefined
  }
}

const clone = <V>(value: V): V => JSON.parse(JSON.stringify(value)) as V

function compareAll(
  { stored, watchers: keysByWatcher, hasTtl, replicatesAll }: FinalState,
  watchers: ReadonlyMap<string, WatcherState>,
  problems: string[],
): void {
  for (const [name, keys] of keysByWatcher) {
    const { documents, mayMissRemovals } = watchers.get(name) ?? {
      documents: new Map<string, WatchedDocument>(),
      mayMissRemovals: false,
    }
    for (const key of keys) {
      const expected = stored.get(key)
      // a stream emits the expiry only of documents that its instance has cached
      if (!expected && (mayMissRemovals || (hasTtl && !replicatesAll))) continue
      problems.push(...difference(`${key} at ${name}`, documents.get(key)?.value, expected))
    }
  }
}
