import type { Audit, Difference } from '../audit.ts'
import type { Figures } from '../figures.ts'
import type { Options } from '../options.ts'
import { bytes, count, milliseconds, savings, seconds } from './format.ts'

/** Describes a run before it begins. */
export function describeRun(lines: number, { store, bus, replicas, rate }: Options): string {
  const pace = rate === 'max' ? 'as fast as possible' : `${count(rate)} per second`
  const targets = `store ${withoutSecrets(store)} · bus ${withoutSecrets(bus)}`
  return `${count(lines)} writes, ${pace} · ${targets} · ${replicas} replicas`
}

/** Replaces the password. `URL` cannot parse several hosts with a port each. */
const withoutSecrets = (text: string): string => text.replace(/^([^@/?#]*:\/\/[^@/?#:]*):[^@/?#]*@/, '$1:***@')

/** Formats the figures of a whole run, one per line. */
export function summary(figures: Figures, feed: { readonly observations: number; readonly removals: number }): string {
  const { p50, p95, p99 } = figures.propagation
  const { changeUnits, documentUnits } = figures
  const rows = {
    feed: `${count(feed.observations)} observations, ${count(feed.removals)} removals`,
    written: `${count(figures.commits)} commits, ${count(figures.unchanged)} unchanged`,
    time: `${seconds(figures.elapsedMs)}, ${count(figures.rate)} changes/s`,
    propagation: `p50 ${milliseconds(p50)}, p95 ${milliseconds(p95)}, p99 ${milliseconds(p99)}`,
    patches: `${bytes(changeUnits)} for ${bytes(documentUnits)} of whole documents: ${savings(changeUnits, documentUnits)}`,
    conflicts: count(figures.conflicts),
    gaps: `${count(figures.gaps)} detected, ${count(figures.repairs)} repairs, ${count(figures.reloads)} documents reloaded`,
    changes: `${count(figures.duplicates)} duplicates dropped, ${count(figures.reorders)} reordered`,
  }
  return Object.entries(rows)
    .map(([name, text]) => `${name.padEnd(13)}${text}`)
    .join('\n')
}

/** Describes the result of the comparison: one line if all copies are equal, otherwise the differences and their number. */
export function describeAudit({ documents, examples, differences }: Audit, replicas: number): string {
  if (differences === 0) return `consistent: ${documents} documents × ${replicas} replicas`
  const more = differences - examples.length
  return [
    `NOT consistent: ${count(differences)} differences`,
    ...examples.map((each) => `  ${describeDifference(each)}`),
    ...(more > 0 ? [`  and ${count(more)} more`] : []),
  ].join('\n')
}

function describeDifference({ copy, key, field, expected, found }: Difference): string {
  const path = field === undefined ? key : `${key} ${field}`
  return `${copy}: ${path}: expected ${truncate(expected)}, got ${truncate(found)}`
}

const MAX_TEXT_LENGTH = 60

function truncate(text: string | undefined): string {
  if (text === undefined) return 'nothing'
  return text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text
}
