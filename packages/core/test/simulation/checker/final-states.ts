import type { JsonObject } from '@sync/core'
import { jsonEqual } from '../../../src/model/json.ts'
import type { History } from '../history.ts'
import { survivingCommits } from './surviving-commits.ts'

/** In the end the store has what its commits left, nothing outlived its time, and all replicas are as the store. */
export function checkFinalStates(history: Pick<History, 'finalStates' | 'commits'>): string[] {
  const wrong: string[] = []
  for (const { at, stored, held, holdsAll, overdue } of history.finalStates) {
    const last = new Map(
      survivingCommits(history)
        .filter((commit) => commit.at < at)
        .map(({ key, after }) => [key, after]),
    )
    for (const [key, value] of stored) wrong.push(...difference(`the store's ${key}`, value, last.get(key)))
    for (const key of overdue) wrong.push(`${key} has outlived its time`)
    for (const { by, key, value } of held) {
      const want = stored.get(key)
      // read on demand, what was never read is not held
      if (value !== undefined || holdsAll || !want) wrong.push(...difference(`${by}'s ${key}`, value, want))
    }
  }
  return wrong
}

/** Says how two documents differ, either of which may be absent. */
export function difference(who: string, have: JsonObject | undefined, want: JsonObject | undefined): string[] {
  if (have === want || (have && want && jsonEqual(have, want))) return []
  return [`${who} is ${JSON.stringify(have)}, not ${JSON.stringify(want)}`]
}
