import type { Commit, History } from '../history.ts'

/** Returns the commits that were not lost. */
export const survivingCommits = ({ commits }: Pick<History, 'commits'>): Commit[] =>
  commits.filter(({ lostAt }) => lostAt === undefined)

/** Maps each commit to its predecessor: the latest commit of the same generation that was not lost at that time. */
export function predecessors({ commits }: Pick<History, 'commits'>): ReadonlyMap<Commit, Commit> {
  const predecessorOf = new Map<Commit, Commit>()
  const earlier: Commit[] = []
  for (const commit of commits) {
    const last = earlier.findLast(
      ({ key, lostAt = Number.POSITIVE_INFINITY }) => key === commit.key && lostAt > commit.at,
    )
    if (last?.generation === commit.generation) predecessorOf.set(commit, last)
    earlier.push(commit)
  }
  return predecessorOf
}
