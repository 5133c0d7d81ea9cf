import type { History } from '../history.ts'
import { checkCommits } from './commits.ts'
import { checkETags } from './etags.ts'
import { checkFinalStates } from './final-states.ts'
import { checkLosses } from './losses.ts'
import { checkReads } from './reads.ts'
import { checkWatchers } from './watchers.ts'
import { checkWrites } from './writes.ts'

/** Checks a history. Returns one message per problem. */
export function checkHistory(history: History): string[] {
  return [
    ...history.problems,
    ...checkCommits(history),
    ...checkWrites(history),
    ...checkReads(history),
    ...checkETags(history),
    ...checkWatchers(history),
    ...checkFinalStates(history),
    ...checkLosses(history),
  ]
}
