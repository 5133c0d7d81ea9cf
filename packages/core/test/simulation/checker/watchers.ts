import type { JsonObject } from '@sync/core'
import jsonpatch from 'fast-json-patch'
import { jsonEqual } from '../../../src/model/json.ts'
import type { FinalState, History, WatchEvent } from '../history.ts'
import { difference } from './final-states.ts'

interface HeldDocument {
  /** Its own, to be changed in place. */
  readonly value: JsonObject
  readonly version: number
}

interface WatcherState {
  readonly documents: Map<string, HeldDocument>
  /** It began again where what it had saved may be gone: no word may have come of what went meanwhile. */
  doubtful: boolean
}

/** What each watcher was told, replayed with somebody else's patch engine, leads to what the store has. */
export function checkWatchers({ watchEvents, finalStates }: Pick<History, 'watchEvents' | 'finalStates'>): string[] {
  const wrong: string[] = []
  const watchers = new Map<string, WatcherState>()
  const rest = [...finalStates]
  for (const each of watchEvents) {
    while (rest[0] && rest[0].at < each.at) compareAll(rest.shift() as FinalState, watchers, wrong)
    const watched = watchers.get(each.watcher) ?? { documents: new Map(), doubtful: false }
    watchers.set(each.watcher, watched)
    applyEvent(each, watched, wrong)
  }
  for (const end of rest) compareAll(end, watchers, wrong)
  return wrong
}

function applyEvent(told: WatchEvent, watched: WatcherState, wrong: string[]): void {
  if (told.kind === 'resumed') {
    watched.doubtful ||= told.doubtful
    return
  }
  const { documents, doubtful } = watched
  const { watcher, kind, key, version, commits } = told
  const held = documents.get(key)
  if (kind === 'removed') documents.delete(key)
  else if (!('patch' in told)) {
    documents.set(key, { value: copied(told.value as JsonObject), version })
    if (kind === 'created' && commits < version)
      wrong.push(`${watcher} got ${key} created at version ${version} by ${commits} commits`)
  } else if (held) {
    if (version !== held.version + commits)
      wrong.push(`${watcher} got version ${version} of ${key} by ${commits} commits after ${held.version}`)
    const value = applyPatch(held.value, told.patch)
    if (!value) wrong.push(`${watcher}: ${JSON.stringify(told.patch)} does not fit ${JSON.stringify(held.value)}`)
    else if (told.value && !jsonEqual(value, told.value))
      wrong.push(`${watcher}: the patch of ${key} leads to ${JSON.stringify(value)}, not ${JSON.stringify(told.value)}`)
    documents.set(key, { value: value ?? (told.value ? copied(told.value) : held.value), version })
  } else if (!doubtful) wrong.push(`${watcher} got a ${kind} of ${key}, which it does not have`)
}

/** `value` is changed by it, and what it becomes is nobody else's. */
function applyPatch(value: JsonObject, patch: readonly unknown[]): JsonObject | undefined {
  try {
    return jsonpatch.applyPatch(value, copied(patch) as Parameters<typeof jsonpatch.applyPatch>[1], false, true)
      .newDocument as JsonObject
  } catch {
    return undefined
  }
}

const copied = <V>(value: V): V => JSON.parse(JSON.stringify(value)) as V

function compareAll(
  { stored, watchers: wanted, expiring, holdsAll }: FinalState,
  watchers: ReadonlyMap<string, WatcherState>,
  wrong: string[],
): void {
  for (const [name, keys] of wanted) {
    const { documents, doubtful } = watchers.get(name) ?? {
      documents: new Map<string, HeldDocument>(),
      doubtful: false,
    }
    for (const key of keys) {
      const want = stored.get(key)
      // of the end of what is not held here nobody tells
      if (!want && (doubtful || (expiring && !holdsAll))) continue
      wrong.push(...difference(`${name} of ${key}`, documents.get(key)?.value, want))
    }
  }
}
