import { type CollectionOptions, type Merge, max, min, sum, union } from '@sync/core'
import type { Doc } from './document.ts'

/** First character of a closed text, which rejects all other values. */
export const CLOSED = '!'

/** A custom strategy: the longer text wins, or the greater of two with equal length. Throws if the stored text is closed. */
const longest: Merge<string> = ({ local, remote }) => {
  if (remote.startsWith(CLOSED)) throw new Error('closed')
  return local.length > remote.length || (local.length === remote.length && local > remote) ? local : remote
}

/** A three-way merge: members that this writer changed get its values, all others keep the stored ones. */
const threeWay: Merge<Record<string, number>> = ({ base = {}, local, remote }) => {
  const changed = Object.entries(local).filter(([name, value]) => base[name] !== value)
  return { ...remote, ...Object.fromEntries(changed) }
}

/** The strategies of the simulation's documents, by field. */
export const strategies: NonNullable<CollectionOptions<Doc>['merge']> = {
  s: sum,
  hi: max,
  lo: min,
  u: union('id'),
  t: union(),
  c: longest,
  w: threeWay,
}
