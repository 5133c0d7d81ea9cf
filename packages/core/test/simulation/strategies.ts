import { type CollectionOptions, type Merge, max, min, sum, union } from '@sync/core'
import type { Doc } from './document.ts'

/** What a text that is not to change any more begins with. */
export const CLOSED = '!'

/** A strategy of one's own: the longer text wins, the greater of two as long; what is closed refuses every other. */
const longest: Merge<string> = ({ local, remote }) => {
  if (remote.startsWith(CLOSED)) throw new Error('closed')
  return local.length > remote.length || (local.length === remote.length && local > remote) ? local : remote
}

/** A three-way merge: what this writer changed is as it wants it, all else as it is. */
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
