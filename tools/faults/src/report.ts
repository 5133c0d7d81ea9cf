import { summarizeTimes } from './checker/recovery.ts'
import type { RunResult } from './run.ts'

const MAX_SHOWN = 20

/** Did everything keep what is promised? */
export const passed = ({ verdict, problems }: RunResult): boolean =>
  verdict.lost === 0 && verdict.findings.length === 0 && problems.length === 0

/** What a run came to, for people. */
export function describeRun(result: RunResult): string {
  const { verdict, recoveryTimes, problems, gaps, repairs, reloads, epochs } = result
  const width = Math.max(0, ...[...recoveryTimes.keys()].map((kind) => kind.length))
  const all = [...recoveryTimes.values()].flat()
  const line = (kind: string, times: readonly number[]): string => {
    const { count, p50, max } = summarizeTimes(times)
    return `  ${kind.padEnd(width)}  ${String(count).padStart(3)} ×   p50 ${formatMs(p50)}   max ${formatMs(max)}`
  }
  const findings = [...verdict.findings.map(({ what, text }) => `${what}: ${text}`), ...problems]
  return [
    '',
    'faults, and the time until all had recovered:',
    ...[...recoveryTimes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, times]) => line(kind, times)),
    line('all', all),
    '',
    `writes: ${verdict.acknowledged} acknowledged, ${verdict.conflicts} conflicts, ${verdict.unknown} unknown, ${verdict.refused} refused`,
    `gaps ${gaps}, repairs ${repairs}, documents loaded again ${reloads}, epochs ${epochs}`,
    verdict.registers > 0
      ? `compare-and-set: the histories of ${verdict.registers} registers are ${verdict.findings.some(({ what }) => what === 'not-linearizable') ? 'not all' : 'all'} linearizable`
      : 'compare-and-set: not judged, as the store lost what it had acknowledged',
    ...findings.slice(0, MAX_SHOWN).map((text) => `✗ ${text}`),
    ...(findings.length > MAX_SHOWN ? [`… and ${findings.length - MAX_SHOWN} more`] : []),
    `${passed(result) ? 'kept' : 'BROKEN'}: acknowledged writes lost ${verdict.lost}${verdict.reportedLost > 0 ? `, lost by the store and told ${verdict.reportedLost}` : ''}; replicas ${verdict.findings.some(({ what }) => what === 'differs') ? 'differ from' : 'equal'} the store`,
  ].join('\n')
}

const formatMs = (time: number): string => `${Math.round(time)} ms`.padStart(9)
