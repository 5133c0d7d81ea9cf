import type { History } from '../history.ts'
import { auditCommits } from './commits.ts'
import { auditEnds } from './ends.ts'
import { auditLosses } from './losses.ts'
import { auditSightings } from './sightings.ts'
import { auditWatchers } from './watchers.ts'
import { auditWrites } from './writes.ts'

/** Judges what happened. Returns what is wrong: nothing, if all is well. */
export function audit(history: History): string[] {
  return [
    ...history.wrong,
    ...auditCommits(history),
    ...auditWrites(history),
    ...auditSightings(history),
    ...auditWatchers(history),
    ...auditEnds(history),
    ...auditLosses(history),
  ]
}
