import { createRateMeter, type RateMeter } from 'feed'
import { type Alert, findAlerts } from './alerts.ts'
import { ErrorRate } from './error-rate.ts'
import type { EventLog } from './event-log.ts'
import { type InstanceFigures, type InstanceReading, instanceFigures, type Totals, totalsOf } from './figures.ts'
import { LagTracker } from './lag-tracker.ts'
import type { ComparisonCounts } from './services/comparison.ts'
import type { UnitCopy } from './services/forecast/units.ts'
import type { Row } from './services/recent-outages.ts'
import type { Report, Status } from './services/service.ts'

const RATE_WINDOW_MS = 2_000

/** What the services have told, and what follows from it. */
export interface DashboardState {
  /** Commits per second, lately. */
  readonly rate: number
  readonly totals: Totals
  readonly instances: readonly InstanceFigures[]
  /** The share of what went wrong lately, 0 … 1. */
  readonly errorRate: number
  readonly alerts: readonly Alert[]
  readonly rows: readonly Row[]
  /** As each instance holds them, by its name, then by key. */
  readonly units: Readonly<Record<string, Readonly<Record<string, UnitCopy>>>>
}

/** Takes what the services tell. */
export class Dashboard {
  /** The auditor's last look, by replica. */
  tallies: Readonly<Record<string, ComparisonCounts>> = {}
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

  /** A service told something. */
  receive(name: string, report: Report): void {
    if ('rows' in report) this.#rows = report.rows
    else if ('units' in report) this.#units.set(name, report.units)
    else if ('happened' in report) this.#log.add(name, report.happened, report.at)
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

  /** The services have ended. */
  onServicesEnded(): void {
    this.tallies = {}
    for (const name of this.#statuses.keys()) this.#markClosed(name)
  }

  #markClosed(name: string): void {
    const known = this.#statuses.get(name)
    if (known) this.#statuses.set(name, { ...known, status: { ...known.status, state: 'closed' } })
  }

  /** What there is to show now; `undefined`: not each of these replicas has told how it is doing. */
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
    // other services count anew
    if (commits < this.#commits) this.#meter = createRateMeter(RATE_WINDOW_MS)
    this.#commits = commits
    return this.#meter.read(commits, performance.now())
  }

  #readInstance(name: string): InstanceReading | undefined {
    const known = this.#statuses.get(name)
    return known && { name, ...known.status, at: known.at, tally: this.tallies[name] }
  }
}
