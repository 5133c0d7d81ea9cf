import type { JsonObject } from '@sync/core'
import type { Call, Commit, History } from '../history.ts'
import { expectedMerge, same } from './merges.ts'
import { predecessors } from './surviving-commits.ts'

/**
 * Each write is done once, where it was asked for, as its kind says, and stays: what was acknowledged is there, or its loss
 * was told; what was refused never happened. One process's writes to one document are done in the order of its calls.
 */
export function checkWrites(history: History): string[] {
  return new WritesChecker(history).run()
}

/** What any write may be refused with: its document is gone, its time is up, the store is away. */
const ALWAYS_ALLOWED_CODES: ReadonlySet<string> = new Set(['SYNC_NOT_FOUND', 'SYNC_TIMEOUT', 'SYNC_STORE_UNAVAILABLE'])

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
    this.#checkOrder()
    return this.#problems
  }

  #checkCall(call: Call): void {
    const all = this.#commitsByCall.get(call) ?? []
    const kept = all.filter(({ lostAt }) => lostAt === undefined)
    const { ended = Number.POSITIVE_INFINITY, outcome, began } = call
    if (kept.length > 1) this.#report(call, `was done ${kept.length} times`)
    // one of several may have been refused, or given the answer of another
    const single = call.repeats === undefined
    if (single && kept.length > 0 && (outcome === 'refused' || outcome === 'unchanged'))
      this.#report(call, `is ${outcome}, but done`)
    for (const commit of single ? all : []) {
      if (commit.at < began) this.#report(call, 'was done before it was asked for')
      if (outcome === 'done' && commit.lostAt === undefined && commit.at > ended)
        this.#report(call, 'was done after it was acknowledged')
      this.#checkEffect(call, commit)
    }
    if (outcome === 'done' && kept.length === 0 && !this.#isExcused(call, all))
      this.#report(call, 'was acknowledged, and is not there')
    if (outcome === 'unchanged') this.#checkUnchanged(call)
    if (outcome === 'refused' && !ALWAYS_ALLOWED_CODES.has(call.code ?? '') && !call.refusals.includes(call.code ?? ''))
      this.#report(call, `was refused with ${call.code}`)
  }

  /** It was lost, and its process was told or is no more; or it shared a commit with a later one. */
  #isExcused(call: Call, all: readonly Commit[]): boolean {
    const { by, ended = 0, key, effect } = call
    const { losses, crashes, calls } = this.#history
    if (all.length > 0) {
      const gone = [...losses, ...crashes].some((moment) => moment.by === by && moment.at > ended)
      return gone
    }
    if (effect.kind !== 'set' || effect.alone) return false
    const names = Object.keys(effect.fields)
    return names.every((name) =>
      calls.some(
        (other) =>
          other.by === by &&
          other.key === key &&
          other.effect.kind === 'set' &&
          (other.effect.later || effect.later || other.began > call.began) &&
          other.began < ended &&
          (other.ended ?? ended) > call.began &&
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
        const want = expectedMerge(effect.field, effect.base, effect.local, present?.[effect.field])
        const have = commit.after?.[effect.field]
        if (!same(want, have))
          this.#report(call, `left ${effect.field} at ${JSON.stringify(have)}, not ${JSON.stringify(want)}`)
        return
      }
      case 'list': {
        const { only } = effect
        const { generation = commit.generation, version = commit.version - 1 } = only ?? {}
        if (commit.generation !== generation || commit.version !== version + 1)
          this.#report(call, `insisted on ${generation}/${version}, and made ${commit.generation}/${commit.version}`)
        return
      }
      case 'compare': {
        const version = commit.fieldVersions[effect.field]
        if (version !== undefined && version !== effect.version + 1)
          this.#report(call, `insisted on version ${effect.version} of ${effect.field}, and made ${version}`)
        return
      }
      case 'create':
        if (present) this.#report(call, 'was made over a document that was there')
    }
  }

  /** Nothing had to be done: then some state between call and answer was as wanted. */
  #checkUnchanged(call: Call): void {
    const { effect, key, began, ended = 0 } = call
    if (effect.kind !== 'set') return
    const wanted = Object.entries(effect.fields)
    const holds = (state: JsonObject | undefined): boolean =>
      state !== undefined && wanted.every(([name, value]) => same(state[name], value))
    const commits = this.#history.commits.filter((commit) => commit.key === key)
    // what a store loses leaves the state before it
    const moments = commits.flatMap(({ at, lostAt = at }) => [at, lostAt]).filter((at) => at > began && at < ended)
    const stood = (moment: number): JsonObject | undefined =>
      commits.findLast(({ at, lostAt = ended }) => at <= moment && lostAt > moment)?.after
    if (![began, ...moments].some((moment) => holds(stood(moment)))) this.#report(call, 'was taken for nothing to do')
  }

  #checkOrder(): void {
    const last = new Map<string, Call>()
    const order = [...this.#commitsByCall]
      .flatMap(([call, commits]) =>
        commits.filter(({ lostAt }) => lostAt === undefined).map(({ at }) => ({ call, at })),
      )
      .sort((a, b) => a.at - b.at || a.call.began - b.call.began)
    for (const { call } of order) {
      // one that is made again when what it met is gone stands where it succeeded
      if (
        call.repeats !== undefined ||
        call.effect.kind === 'create' ||
        (call.effect.kind === 'set' && call.effect.later)
      )
        continue
      const id = `${call.by} ${call.key}`
      const before = last.get(id)
      if (before && before.began > call.began) this.#report(call, `was overtaken by ${before.id} (${before.name})`)
      last.set(id, call)
    }
  }

  #report({ id, by, name, key }: Call, what: string): void {
    this.#problems.push(`${id}, ${name} of ${key} by ${by}, ${what}`)
  }
}

/** Which commits each call came to: by its id in their meta, in the list, or as the value of a register. */
function commitsByCall({ calls, commits }: History, before: ReadonlyMap<Commit, Commit>): Map<Call, Commit[]> {
  const byId = new Map<string, Call[]>()
  for (const call of calls) {
    const id = call.repeats ?? call.id
    byId.set(id, [...(byId.get(id) ?? []), call])
  }
  const done = new Map<Call, Commit[]>()
  for (const commit of commits) {
    for (const id of idsIn(commit, before.get(commit)?.after)) {
      for (const call of byId.get(id) ?? [])
        if (call.key === commit.key) done.set(call, [...(done.get(call) ?? []), commit])
    }
  }
  return done
}

function idsIn({ call, after }: Commit, present: JsonObject | undefined): Set<string> {
  const ids = new Set(call === undefined ? [] : [call])
  for (const name of ['a', 'b']) {
    const value = after?.[name]
    if (typeof value === 'string' && value !== present?.[name]) ids.add(value)
  }
  const old = new Set(listed(present))
  for (const id of listed(after)) if (!old.has(id)) ids.add(id)
  return ids
}

const listed = (document: JsonObject | undefined): string[] =>
  ((document?.['l'] ?? []) as readonly { readonly id: string }[]).map(({ id }) => id)
