import type { Commit, History } from '../history.ts'

/** The commits that the store still stands by. */
export const survivingCommits = ({ commits }: Pick<History, 'commits'>): Commit[] =>
  commits.filter(({ lostAt }) => lostAt === undefined)

/** What each commit was made on: the one before it in the same life of the document, as the store had it then. */
export function predecessors({ commits }: Pick<History, 'commits'>): ReadonlyMap<Commit, Commit> {
  const before = new Map<Commit, Commit>()
  const made: Commit[] = []
  for (const commit of commits) {
    const last = made.findLast(({ key, lostAt = Number.POSITIVE_INFINITY }) => key === commit.key && lostAt > commit.at)
    if (last?.generation === commit.generation) before.set(commit, last)
    made.push(commit)
  }
  return before
}
