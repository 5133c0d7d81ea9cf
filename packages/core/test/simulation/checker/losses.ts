import type { History } from '../history.ts'

/** Nobody is told of a loss where there was none. */
export function checkLosses({
  losses,
  commits,
  lostLineage,
}: Pick<History, 'losses' | 'commits' | 'lostLineage'>): string[] {
  if (lostLineage) return []
  const first = Math.min(...commits.map(({ lostAt = Number.POSITIVE_INFINITY }) => lostAt))
  return losses.filter(({ at }) => at < first).map(({ by }) => `${by} was told of a loss, and nothing was lost`)
}
