import { summarizeTimes } from './checker/recovery.ts'
import type { RunResult } from './run.ts'

const MAX_SHOWN = 20

/** Whether the run violated no promise. */
export const passed = ({ verdict, problems }: RunResult): boolean =>
  verdict.lost === 0 && verdict.findings.length === 0 && problems.length === 0

/** Returns a human-readable report of a run. */
export function describeRun(result: RunResult): string {
  const { verdict, recoveryTimes, problems, gaps, repairs, reloads, epochs } = result
  const width = Math.max(0, ...[...recoveryTimes.keys()].map((kind) => kind.length))
  const all = [...recoveryTimes.values()].flat()
  const line = (kind: string, times: readonly number[]): string => {
    const { count, p50, max } = summarizeTimes(times)
    return `  ${kind.padEnd(width)}  ${String(count).padStart(3)} ×   p50 ${formatMs(p50)}   max ${formatMs(max)}`
  }
  const findings = [...verdict.findings.map(({ kind, text }) => `${kind}: ${text}`), ...problems]
  const linearizable = !verdict.findings.some(({ kind }) => kind === 'not-linearizable')
  const equal = !verdict.findings.some(({ kind }) => kind === 'differs')
  const reportedLoss = verdict.reportedLost > 0 ? `, plus ${verdict.reportedLost} that the store reported as lost` : ''
  return [
    '',
    'faults, and the time until all workers had recovered:',
    ...[...recoveryTimes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, times]) => line(kind, times)),
    line('all', all),
    '',
    `writes: ${verdict.acknowledged} acknowledged, ${verdict.conflicts} conflicts, ${verdict.unknown} unknown, ${verdict.rejected} rejected`,
    `gaps ${gaps}, repairs ${repairs}, documents reloaded ${reloads}, epochs ${epochs}`,
    verdict.registers > 0
      ? `compare-and-set: the histories of ${verdict.registers} registers are ${linearizable ? 'all' : 'not all'} linearizable`
      : 'compare-and-set: not checked, because the store lost acknowledged writes',
    ...findings.slice(0, MAX_SHOWN).map((text) => `✗ ${text}`),
    ...(findings.length > MAX_SHOWN ? [`… and ${findings.length - MAX_SHOWN} more`] : []),
    `${passed(result) ? 'PASSED' : 'FAILED'}: ${verdict.lost} acknowledged writes lost${reportedLoss}; replicas ${equal ? 'equal' : 'differ from'} the store`,
  ].join('\n')
}

const formatMs = (time: number): string => `${Math.round(time)} ms`.padStart(9)
