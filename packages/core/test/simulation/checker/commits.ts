import type { Json, JsonObject } from '@sync/core'
import type { Commit, History } from '../history.ts'
import { survivingCommits } from './surviving-commits.ts'

/** Checks the store's history: sequences and versions without holes or duplicates, and consistent lists. */
export function checkCommits(history: Pick<History, 'commits'>): string[] {
  const problems: string[] = []
  const last = new Map<string, Commit>()
  let sequence = 0
  for (const commit of survivingCommits(history)) {
    const { key, generation, version } = commit
    const before = last.get(key)
    if (commit.sequence !== ++sequence)
      problems.push(`the store: expected sequence ${sequence}, got ${commit.sequence}`)
    const continues = before?.generation === generation && before.after !== undefined
    if (!continues && generation !== commit.sequence && !(commit.after === undefined && version === 1))
      problems.push(`${key}: sequence ${commit.sequence} belongs to generation ${generation}, which does not exist`)
    if (version !== (continues ? before.version + 1 : 1))
      problems.push(`${key}: version ${version} of generation ${generation} follows version ${before?.version}`)
    if (commit.after) problems.push(...checkList(key, commit.after))
    last.set(key, commit)
    sequence = commit.sequence
  }
  return problems
}

/** Checks a list. Each write adds one element and stores the length in `n`, so a lost or misapplied write shows. */
function checkList(key: string, { n, l }: JsonObject): string[] {
  if (l === undefined && n === undefined) return []
  const ids = ((l ?? []) as readonly { readonly id: Json }[]).map(({ id }) => id)
  const problems: string[] = []
  if (new Set(ids).size !== ids.length) problems.push(`${key} lists a write twice: ${ids.join(' ')}`)
  if (n !== ids.length) problems.push(`${key} has n = ${n}, but ${ids.length} elements`)
  return problems
}
