import type { JsonObject } from '@sync/core'
import type { Call, Commit, History } from '../history.ts'
import { expectedMerge, same } from './merges.ts'
import { predecessors } from './surviving-commits.ts'

/**
 * Checks all writes:
 *
 * - an acknowledged write takes effect exactly once, unless its loss was reported;
 * - a rejected write takes no effect;
 * - a write that the store refused rejects with that error;
 * - the effect matches the call, and happens between its start and its acknowledgement;
 * - the writes of one process to one document take effect in the order of its calls.
 */
export function checkWrites(history: History): string[] {
  return new WritesChecker(history).run()
}

/** Code of a refusal. */
const REFUSED = 'SYNC_REFUSED'

/** Codes that any write may reject with: its document is absent, its timeout ended, or the store is unavailable or refuses it. */
const ALWAYS_ALLOWED_CODES: ReadonlySet<string> = new Set([
  'SYNC_NOT_FOUND',
  'SYNC_TIMEOUT',
  'SYNC_STORE_UNAVAILABLE',
  REFUSED,
])

class WritesChecker {
  readonly #history: History
  readonly #predecessors: ReadonlyMap<Commit, Commit>
  readonly #commitsByCall: ReadonlyMap<Call, readonly Commit[]>
  readonly #problems: string[] = []

  constructor(history: History) {
    this.#history = history
    this.#predecessors = predecessors(history)
    this.#commitsByCall = commitsByCall(history, this.#predecessors)
  }

  run(): string[] {
    for (const call of this.#history.calls) this.#checkCall(call)
    this.#checkRefusals()
    this.#checkOrder()
    return this.#problems
  }

  /** Checks that the caller of a refused write got that error, unless its call had ended or the epoch of the answer. */
  #checkRefusals(): void {
    const { refusals, restarts, calls } = this.#history
    for (const { by, at, call: id, single = false } of refusals) {
      const call = calls.find((one) => one.by === by && one.id === id && (one.endedAt ?? at) >= at)
      if (single && call && restarts.some((restart) => restart > call.startedAt && restart < at)) continue
      if (call && call.outcome !== 'pending' && (call.outcome !== 'rejected' || call.code !== REFUSED))
        this.#report(call, `was refused, but has the outcome "${call.outcome}" with ${call.code ?? 'no error'}`)
    }
  }

  #checkCall(call: Call): void {
    const all = this.#commitsByCall.get(call) ?? []
    const kept = all.filter(({ lostAt }) => lostAt === undefined)
    const { endedAt = Number.POSITIVE_INFINITY, outcome, startedAt } = call
    if (kept.length > 1) this.#report(call, `took effect ${kept.length} times`)
    // of several calls with one idempotency key, any may be rejected or get another's result
    const single = call.repeats === undefined
    if (single && kept.length > 0 && (outcome === 'rejected' || outcome === 'unchanged'))
      this.#report(call, `has the outcome "${outcome}", but took effect`)
    for (const commit of single ? all : []) {
      if (commit.at < startedAt) this.#report(call, 'took effect before it started')
      if (outcome === 'acknowledged' && commit.lostAt === undefined && commit.at > endedAt)
        this.#report(call, 'took effect after it was acknowledged')
      this.#checkEffect(call, commit)
    }
    if (outcome === 'acknowledged' && kept.length === 0 && !this.#isExcused(call, all))
      this.#report(call, 'was acknowledged, but is missing')
    if (outcome === 'unchanged') this.#checkUnchanged(call)
    const code = call.code ?? ''
    if (outcome === 'rejected' && !ALWAYS_ALLOWED_CODES.has(code) && !call.allowedCodes.includes(code))
      this.#report(call, `was rejected with ${call.code}`)
  }

  /**
   * Whether an acknowledged write may be missing: it was lost, and its process got a report of the loss or crashed; or it was
   * combined with a later write that replaced its values.
   */
  #isExcused(call: Call, all: readonly Commit[]): boolean {
    const { by, endedAt = 0, key, effect } = call
    const { losses, crashes, calls } = this.#history
    if (all.length > 0) return [...losses, ...crashes].some((event) => event.by === by && event.at > endedAt)
    if (effect.kind !== 'set' || effect.alone) return false
    const names = Object.keys(effect.fields)
    return names.every((name) =>
      calls.some(
        (other) =>
          other.by === by &&
          other.key === key &&
          other.effect.kind === 'set' &&
          (other.effect.later || effect.later || other.startedAt > call.startedAt) &&
          other.startedAt < endedAt &&
          (other.endedAt ?? endedAt) > call.startedAt &&
          name in other.effect.fields,
      ),
    )
  }

  #checkEffect(call: Call, commit: Commit): void {
    const { effect } = call
    const before = this.#predecessors.get(commit)
    const present = before?.after
    switch (effect.kind) {
      case 'merge': {
        const expected = expectedMerge(effect.field, effect.base, effect.local, present?.[effect.field])
        const actual = commit.after?.[effect.field]
        if (!same(expected, actual))
          this.#report(call, `set ${effect.field}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`)
        return
      }
      case 'list': {
        const { only } = effect
        const { generation = commit.generation, version = commit.version - 1 } = only ?? {}
        if (commit.generation !== generation || commit.version !== version + 1)
          this.#report(call, `required ${generation}/${version}, but produced ${commit.generation}/${commit.version}`)
        else if (only?.value && !same(only.value, present))
          this.#report(call, `required ${JSON.stringify(only.value)}, but the document was ${JSON.stringify(present)}`)
        return
      }
      case 'compare': {
        const version = commit.fieldVersions[effect.field]
        if (version !== undefined && version !== effect.version + 1)
          this.#report(call, `required version ${effect.version} of ${effect.field}, but produced ${version}`)
        return
      }
      case 'create':
        if (present) this.#report(call, 'overwrote an existing document')
    }
  }

  /** Checks an "unchanged" outcome: at some time between start and end of the call, the fields must have had its values. */
  #checkUnchanged(call: Call): void {
    const { effect, key, startedAt, endedAt = 0 } = call
    if (effect.kind !== 'set') return
    const assigned = Object.entries(effect.fields)
    const hasValues = (state: JsonObject | undefined): boolean =>
      state !== undefined && assigned.every(([name, value]) => same(state[name], value))
    const commits = this.#history.commits.filter((commit) => commit.key === key)
    // the loss of a commit restores the state before it
    const times = commits.flatMap(({ at, lostAt = at }) => [at, lostAt]).filter((at) => at > startedAt && at < endedAt)
    const stateAt = (time: number): JsonObject | undefined =>
      commits.findLast(({ at, lostAt = endedAt }) => at <= time && lostAt > time)?.after
    if (![startedAt, ...times].some((time) => hasValues(stateAt(time))))
      this.#report(call, 'was reported as unchanged, but the document had other values')
  }

  #checkOrder(): void {
    const last = new Map<string, Call>()
    const order = [...this.#commitsByCall]
      .flatMap(([call, commits]) =>
        commits.filter(({ lostAt }) => lostAt === undefined).map(({ at }) => ({ call, at })),
      )
      .sort((a, b) => a.at - b.at || a.call.startedAt - b.call.startedAt)
    for (const { call } of order) {
      // these calls may take effect later than calls that started after them
      if (
        call.repeats !== undefined ||
        call.effect.kind === 'create' ||
        (call.effect.kind === 'set' && call.effect.later) ||
        this.#mayArriveLate(call)
      )
        continue
      const id = `${call.by} ${call.key}`
      const before = last.get(id)
      if (before && before.startedAt > call.startedAt)
        this.#report(call, `was overtaken by ${before.id} (${before.name})`)
      last.set(id, call)
    }
  }

  /** Whether a request of the write may still be in transit after the write has ended, because its repetition was refused. */
  #mayArriveLate({ by, key, startedAt, outcome }: Call): boolean {
    const isRefused = this.#history.refusals.some(
      (refusal) => refusal.by === by && refusal.repetitionOn === key && refusal.at > startedAt,
    )
    return outcome === 'unknown' && isRefused
  }

  #report({ id, by, name, key }: Call, text: string): void {
    this.#problems.push(`${name} of ${key} by ${by} (${id}) ${text}`)
  }
}

/** Maps each call to its commits, which contain its id in their meta, in the list, or as the value of a register. */
function commitsByCall({ calls, commits }: History, predecessorOf: ReadonlyMap<Commit, Commit>): Map<Call, Commit[]> {
  const byId = new Map<string, Call[]>()
  for (const call of calls) {
    const id = call.repeats ?? call.id
    byId.set(id, [...(byId.get(id) ?? []), call])
  }
  const result = new Map<Call, Commit[]>()
  for (const commit of commits) {
    for (const id of idsIn(commit, predecessorOf.get(commit)?.after)) {
      for (const call of byId.get(id) ?? [])
        if (call.key === commit.key) result.set(call, [...(result.get(call) ?? []), commit])
    }
  }
  return result
}

function idsIn({ call, after }: Commit, present: JsonObject | undefined): Set<string> {
  const ids = new Set(call === undefined ? [] : [call])
  for (const name of ['a', 'b']) {
    const value = after?.[name]
    if (typeof value === 'string' && value !== present?.[name]) ids.add(value)
  }
  const previousIds = new Set(listIds(present))
  for (const id of listIds(after)) if (!previousIds.has(id)) ids.add(id)
  return ids
}

const listIds = (document: JsonObject | undefined): string[] =>
  ((document?.['l'] ?? []) as readonly { readonly id: string }[]).map(({ id }) => id)
