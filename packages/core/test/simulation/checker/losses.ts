import type { History } from '../history.ts'

/** Checks that no process reports a loss before the store lost a commit. */
export function checkLosses({
  losses,
  commits,
  lostLineage,
}: Pick<History, 'losses' | 'commits' | 'lostLineage'>): string[] {
  if (lostLineage) return []
  const first = Math.min(...commits.map(({ lostAt = Number.POSITIVE_INFINITY }) => lostAt))
  return losses.filter(({ at }) => at < first).map(({ by }) => `${by} reported a loss, but no commit was lost`)
}
