import { createRateMeter, type RateMeter } from 'feed'
import { type Alert, alertsOf } from './alerts.ts'
import { ErrorRate } from './error-rate.ts'
import type { EventLog } from './event-log.ts'
import { type InstanceFigures, instanceFigures, type Reading, type Totals, totalsOf } from './figures.ts'
import type { Row } from './services/board.ts'
import type { UnitCopy } from './services/forecast/units.ts'
import type { Report, Status } from './services/service.ts'
import type { Tally } from './services/verdict.ts'
import { Trail } from './trail.ts'

const RATE_SPAN_MS = 2_000

/** What the services have told, and what follows from it. */
export interface Seen {
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
export class View {
  /** The auditor's last look, by replica. */
  tallies: Readonly<Record<string, Tally>> = {}
  readonly #log: EventLog
  readonly #statuses = new Map<string, { readonly status: Status; readonly at: number }>()
  readonly #trail = new Trail()
  readonly #errors = new ErrorRate()
  #meter: RateMeter = createRateMeter(RATE_SPAN_MS)
  #commits = 0
  #rows: readonly Row[] = []
  readonly #units = new Map<string, Seen['units'][string]>()

  constructor(log: EventLog) {
    this.#log = log
  }

  /** A service told something. */
  hear(name: string, report: Report): void {
    if ('rows' in report) this.#rows = report.rows
    else if ('units' in report) this.#units.set(name, report.units)
    else if ('happened' in report) this.#log.add(name, report.happened, report.at)
    else if ('ended' in report) {
      this.#log.add(name, report.ended, report.at)
      this.#close(name)
    } else {
      const now = Date.now()
      const { status } = report
      this.#statuses.set(name, { status, at: now })
      if (name === 'ingest') this.#trail.passed(status.epoch, status.sequence, now)
    }
  }

  /** The services have ended. */
  ended(): void {
    this.tallies = {}
    for (const name of this.#statuses.keys()) this.#close(name)
  }

  #close(name: string): void {
    const told = this.#statuses.get(name)
    if (told) this.#statuses.set(name, { ...told, status: { ...told.status, state: 'closed' } })
  }

  /** What there is to show now; `undefined`: not each of these replicas has told how it is doing. */
  read(replicas: readonly string[], now: number): Seen | undefined {
    const writer = this.#reading('ingest')
    const others = replicas.flatMap((name) => this.#reading(name) ?? [])
    if (!writer || others.length < replicas.length) return undefined
    const totals = totalsOf(writer, others)
    const instances = [writer, ...others].map((reading) => instanceFigures(reading, this.#trail, now))
    const errorRate = this.#errors.read(totals.errors, totals.operations, now)
    return {
      rate: this.#rate(totals.commits),
      totals,
      instances,
      errorRate,
      alerts: alertsOf(totals, errorRate, instances),
      rows: this.#rows,
      units: Object.fromEntries(replicas.map((name) => [name, this.#units.get(name) ?? {}])),
    }
  }

  #rate(commits: number): number {
    // other services count anew
    if (commits < this.#commits) this.#meter = createRateMeter(RATE_SPAN_MS)
    this.#commits = commits
    return this.#meter.read(commits, performance.now())
  }

  #reading(name: string): Reading | undefined {
    const told = this.#statuses.get(name)
    return told && { name, ...told.status, at: told.at, tally: this.tallies[name] }
  }
}
