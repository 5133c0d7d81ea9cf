import type { InstanceFigures, Totals } from './figures.ts'

/** A condition that needs attention. */
export interface Alert {
  /** Name of the condition. It stays the same while the alert is active. */
  readonly rule: string
  /** Description with the current value. */
  readonly text: string
}

/** Period in which an alert was active, in ms since 1970. */
export interface PastAlert {
  readonly rule: string
  readonly since: number
  /** Absent while the alert is active. */
  readonly until?: number
}

const MAX_ERROR_RATE = 0.001
const MAX_P95_MS = 100
const MIN_SCORE = 0.999
const MAX_LAG_MS = 5_000

/** Returns the alerts that are active now. `errorRate` is a share from 0 to 1 over a recent period. */
export function findAlerts(totals: Totals, errorRate: number, instances: readonly InstanceFigures[]): readonly Alert[] {
  const { propagation, score } = totals
  const percent = (share: number, digits: number): string => `${(share * 100).toFixed(digits)} %`
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(0)} s`
  return [
    ...(errorRate > MAX_ERROR_RATE
      ? [{ rule: 'error rate over 0.1 %', text: `Error rate is ${percent(errorRate, 2)} (> 0.1 %)` }]
      : []),
    ...(propagation.p95 > MAX_P95_MS
      ? [
          {
            rule: 'propagation p95 over 100 ms',
            text: `Propagation p95 is ${propagation.p95.toFixed(0)} ms (> 100 ms)`,
          },
        ]
      : []),
    ...(score < MIN_SCORE
      ? [{ rule: 'consistency under 99.9 %', text: `Consistency is ${percent(score, 1)} (< 99.9 %)` }]
      : []),
    ...staleAlerts(instances),
    ...instances.flatMap(({ name, lagMs, behindMs }) => {
      const delayMs = Math.max(lagMs, behindMs)
      return delayMs > MAX_LAG_MS
        ? [{ rule: `${name} over 5 s behind`, text: `${name} is ${seconds(delayMs)} behind (> 5 s)` }]
        : []
    }),
  ]
}

/** Returns one alert per stale instance, or one for all of them. The state is known at once, before documents are late. */
function staleAlerts(instances: readonly InstanceFigures[]): readonly Alert[] {
  const stale = instances.filter(({ state }) => state === 'stale')
  if (stale.length > 1 && stale.length === instances.length)
    return [{ rule: 'all instances are stale', text: 'All instances are stale: the store or the bus is unavailable' }]
  return stale.map(({ name }) => ({
    rule: `${name} is stale`,
    text: `${name} is stale: the store or the bus is unavailable`,
  }))
}

const MAX_PAST_ALERTS = 100

/** The most recent alerts since the start, at most 100. */
export class AlertHistory {
  #past: PastAlert[] = []

  /** Sets the alerts that are active at `now`. All others end. */
  update(alerts: readonly Alert[], now: number): void {
    const active = new Set(alerts.map(({ rule }) => rule))
    this.#past = this.#past.map((each) => {
      if (each.until !== undefined || active.delete(each.rule)) return each
      return { ...each, until: now }
    })
    for (const rule of active) this.#past.push({ rule, since: now })
    this.#past = this.#past.slice(-MAX_PAST_ALERTS)
  }

  /** All recorded alerts, oldest first. */
  get past(): readonly PastAlert[] {
    return this.#past
  }
}
