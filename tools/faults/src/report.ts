import { spanOf } from './audit/recovery.ts'
import type { Outcome } from './run.ts'

const SHOWN = 20

/** Did everything keep what is promised? */
export const kept = ({ verdict, wrong }: Outcome): boolean =>
  verdict.lost === 0 && verdict.findings.length === 0 && wrong.length === 0

/** What a run came to, for people. */
export function describe(outcome: Outcome): string {
  const { verdict, recovered, wrong, gaps, repairs, reloads, epochs } = outcome
  const width = Math.max(0, ...[...recovered.keys()].map((kind) => kind.length))
  const all = [...recovered.values()].flat()
  const line = (kind: string, times: readonly number[]): string => {
    const { count, p50, max } = spanOf(times)
    return `  ${kind.padEnd(width)}  ${String(count).padStart(3)} ×   p50 ${ms(p50)}   max ${ms(max)}`
  }
  const findings = [...verdict.findings.map(({ what, text }) => `${what}: ${text}`), ...wrong]
  return [
    '',
    'faults, and the time until all had recovered:',
    ...[...recovered].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, times]) => line(kind, times)),
    line('all', all),
    '',
    `writes: ${verdict.acknowledged} acknowledged, ${verdict.conflicts} conflicts, ${verdict.unknown} unknown, ${verdict.refused} refused`,
    `gaps ${gaps}, repairs ${repairs}, documents loaded again ${reloads}, epochs ${epochs}`,
    verdict.registers > 0
      ? `compare-and-set: the histories of ${verdict.registers} registers are ${verdict.findings.some(({ what }) => what === 'not-linearizable') ? 'not all' : 'all'} linearizable`
      : 'compare-and-set: not judged, as the store lost what it had acknowledged',
    ...findings.slice(0, SHOWN).map((text) => `✗ ${text}`),
    ...(findings.length > SHOWN ? [`… and ${findings.length - SHOWN} more`] : []),
    `${kept(outcome) ? 'kept' : 'BROKEN'}: acknowledged writes lost ${verdict.lost}${verdict.toldLost > 0 ? `, lost by the store and told ${verdict.toldLost}` : ''}; replicas ${verdict.findings.some(({ what }) => what === 'differs') ? 'differ from' : 'equal'} the store`,
  ].join('\n')
}

const ms = (time: number): string => `${Math.round(time)} ms`.padStart(9)
