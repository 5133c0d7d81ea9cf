import type { EventLog } from '@sync/admin/parts'
import { createRateMeter, type RateMeter } from 'feed'
import { type Alert, findAlerts } from './alerts.ts'
import { ErrorRate } from './error-rate.ts'
import { type InstanceFigures, type InstanceReading, instanceFigures, type Totals, totalsOf } from './figures.ts'
import { LagTracker } from './lag-tracker.ts'
import type { ComparisonCounts } from './services/comparison.ts'
import type { UnitCopy } from './services/forecast/units.ts'
import type { Row } from './services/recent-outages.ts'
import type { Report, Status } from './services/service.ts'

const RATE_WINDOW_MS = 2_000

/** The services' latest reports, and figures derived from them. */
export interface DashboardState {
  /** Commits per second over the last 2 s. */
  readonly rate: number
  readonly totals: Totals
  readonly instances: readonly InstanceFigures[]
  /** Share of failed operations over the last 30 s, from 0 to 1. */
  readonly errorRate: number
  readonly alerts: readonly Alert[]
  readonly rows: readonly Row[]
  /** Replicas of the units, by instance name and key. */
  readonly units: Readonly<Record<string, Readonly<Record<string, UnitCopy>>>>
}

/** Collects the services' reports. */
export class Dashboard {
  /** Result of the auditor's last comparison, by replica. */
  comparisons: Readonly<Record<string, ComparisonCounts>> = {}
  readonly #log: EventLog
  readonly #statuses = new Map<string, { readonly status: Status; readonly at: number }>()
  readonly #lagTracker = new LagTracker()
  readonly #errors = new ErrorRate()
  #meter: RateMeter = createRateMeter(RATE_WINDOW_MS)
  #commits = 0
  #rows: readonly Row[] = []
  readonly #units = new Map<string, DashboardState['units'][string]>()

  constructor(log: EventLog) {
    this.#log = log
  }

  /** Processes a service's report. */
  receive(name: string, report: Report): void {
    if ('rows' in report) this.#rows = report.rows
    else if ('units' in report) this.#units.set(name, report.units)
    else if ('event' in report) this.#log.add(name, report.event, report.at)
    else if ('ended' in report) {
      this.#log.add(name, report.ended, report.at)
      this.#markClosed(name)
    } else {
      const now = Date.now()
      const { status } = report
      this.#statuses.set(name, { status, at: now })
      if (name === 'ingest') this.#lagTracker.record(status.epoch, status.sequence, now)
    }
  }

  /** Marks all services as closed. */
  onServicesEnded(): void {
    this.comparisons = {}
    for (const name of this.#statuses.keys()) this.#markClosed(name)
  }

  #markClosed(name: string): void {
    const last = this.#statuses.get(name)
    if (last) this.#statuses.set(name, { ...last, status: { ...last.status, state: 'closed' } })
  }

  /** Returns the current state; `undefined` until each of these replicas has reported its status. */
  read(replicas: readonly string[], now: number): DashboardState | undefined {
    const writer = this.#readInstance('ingest')
    const others = replicas.flatMap((name) => this.#readInstance(name) ?? [])
    if (!writer || others.length < replicas.length) return undefined
    const totals = totalsOf(writer, others)
    const instances = [writer, ...others].map((reading) => instanceFigures(reading, this.#lagTracker, now))
    const errorRate = this.#errors.read(totals.errors, totals.operations, now)
    return {
      rate: this.#rate(totals.commits),
      totals,
      instances,
      errorRate,
      alerts: findAlerts(totals, errorRate, instances),
      rows: this.#rows,
      units: Object.fromEntries(replicas.map((name) => [name, this.#units.get(name) ?? {}])),
    }
  }

  #rate(commits: number): number {
    // a new fleet counts from zero
    if (commits < this.#commits) this.#meter = createRateMeter(RATE_WINDOW_MS)
    this.#commits = commits
    return this.#meter.read(commits, performance.now())
  }

  #readInstance(name: string): InstanceReading | undefined {
    const last = this.#statuses.get(name)
    return last && { name, ...last.status, at: last.at, comparison: this.comparisons[name] }
  }
}
