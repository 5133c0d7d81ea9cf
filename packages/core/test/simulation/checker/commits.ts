import type { Json, JsonObject } from '@sync/core'
import type { Commit, History } from '../history.ts'
import { survivingCommits } from './surviving-commits.ts'

/** The store's own history: no hole, no number twice, and a list that no write has spoilt. */
export function checkCommits(history: Pick<History, 'commits'>): string[] {
  const wrong: string[] = []
  const last = new Map<string, Commit>()
  let sequence = 0
  for (const commit of survivingCommits(history)) {
    const { key, generation, version } = commit
    const before = last.get(key)
    if (commit.sequence !== ++sequence) wrong.push(`the store has ${commit.sequence} where ${sequence} should be`)
    const goesOn = before?.generation === generation && before.after !== undefined
    if (!goesOn && generation !== commit.sequence && !(commit.after === undefined && version === 1))
      wrong.push(`${key}: ${commit.sequence} is of a life that began at ${generation}`)
    if (version !== (goesOn ? before.version + 1 : 1))
      wrong.push(`${key}: version ${version} of ${generation} comes after ${before?.version}`)
    if (commit.after) wrong.push(...checkList(key, commit.after))
    last.set(key, commit)
    sequence = commit.sequence
  }
  return wrong
}

/** Every write to the list counts itself: those that come to nothing, or are done on another state, do not add up. */
function checkList(key: string, { n, l }: JsonObject): string[] {
  if (l === undefined && n === undefined) return []
  const ids = ((l ?? []) as readonly { readonly id: Json }[]).map(({ id }) => id)
  const wrong: string[] = []
  if (new Set(ids).size !== ids.length) wrong.push(`${key} has a write twice: ${ids.join(' ')}`)
  if (n !== ids.length) wrong.push(`${key} counts ${n}, but lists ${ids.length}`)
  return wrong
}
