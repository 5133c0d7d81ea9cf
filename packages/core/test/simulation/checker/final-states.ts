import type { JsonObject } from '@sync/core'
import { jsonEqual } from '../../../src/model/json.ts'
import type { History } from '../history.ts'
import { survivingCommits } from './surviving-commits.ts'

/** Checks the final states: the store matches its commits, no document is overdue, and all replicas equal the store. */
export function checkFinalStates(history: Pick<History, 'finalStates' | 'commits'>): string[] {
  const problems: string[] = []
  for (const { at, stored, cached, replicatesAll, overdue } of history.finalStates) {
    const last = new Map(
      survivingCommits(history)
        .filter((commit) => commit.at < at)
        .map(({ key, after }) => [key, after]),
    )
    for (const [key, value] of stored) problems.push(...difference(`${key} in the store`, value, last.get(key)))
    for (const key of overdue) problems.push(`${key} is still stored after the end of its TTL`)
    for (const { by, key, value } of cached) {
      const expected = stored.get(key)
      // with `replicate: 'on-demand'`, a document that was never read is not cached
      if (value !== undefined || replicatesAll || !expected)
        problems.push(...difference(`${key} at ${by}`, value, expected))
    }
  }
  return problems
}

/** Returns a message if two documents differ. Either may be absent. */
export function difference(
  subject: string,
  actual: JsonObject | undefined,
  expected: JsonObject | undefined,
): string[] {
  if (actual === expected || (actual && expected && jsonEqual(actual, expected))) return []
  return [`${subject}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`]
}
