import { createRateMeter, type RateMeter } from 'feed'
import { EventLog } from './event-log.ts'
import { alertsOf, instanceFigures, type Reading, totalsOf } from './figures.ts'
import { type Fleet, type FleetOptions, openFleet } from './fleet.ts'
import type { Frame } from './frame.ts'
import { History } from './history.ts'
import { Recovery } from './recovery.ts'
import type { Row } from './services/board.ts'
import { type Disturbance, described } from './services/disturbance.ts'
import type { Handle } from './services/handle.ts'
import type { Report, Status } from './services/service.ts'
import type { Rate } from './services/throttle.ts'
import type { Tally } from './services/verdict.ts'
import { Trail } from './trail.ts'

const AUDIT_MS = 1_000
const RATE_SPAN_MS = 2_000

/** An ingest service, its replicas and an auditor, as the page sees them: by what they tell and what they can be asked. */
export class System {
  readonly log: EventLog = new EventLog()
  readonly history: History = new History()
  readonly #recovery: Recovery = new Recovery(this.log)
  readonly #statuses = new Map<string, { readonly status: Status; readonly at: number }>()
  readonly #disturbed = new Map<string, Disturbance>()
  readonly #trail = new Trail()
  readonly #meter: RateMeter = createRateMeter(RATE_SPAN_MS)
  readonly #timer: NodeJS.Timeout
  #fleet: Fleet | undefined
  #rate: Rate
  #rows: readonly Row[] = []
  #tallies: Readonly<Record<string, Tally>> = {}
  #looking: Promise<void> | undefined

  constructor(rate: Rate) {
    this.#rate = rate
    this.#timer = setInterval(() => this.#tick(), AUDIT_MS)
  }

  /** Opens the services, which begin to write. */
  async open(options: FleetOptions, signal: AbortSignal): Promise<void> {
    this.#fleet = await openFleet(options, (name, report) => this.#hear(name, report), signal)
  }

  get replicas(): readonly Handle[] {
    return this.#running.replicas
  }

  /** All that there is to show now; `undefined`: not every instance has told how it is doing. */
  read(): Frame | undefined {
    const writer = this.#reading('ingest')
    const replicas = (this.#fleet?.replicas ?? []).flatMap(({ name }) => this.#reading(name) ?? [])
    if (!writer || replicas.length < (this.#fleet?.replicas.length ?? 1)) return undefined
    const now = Date.now()
    const totals = totalsOf(writer, replicas)
    const instances = [writer, ...replicas].map((reading) => instanceFigures(reading, this.#trail, now))
    return {
      at: now,
      pace: this.#rate,
      rate: this.#meter.read(totals.commits, performance.now()),
      totals,
      instances,
      disturbed: Object.fromEntries(replicas.map(({ name }) => [name, described(this.#disturbed.get(name) ?? {})])),
      alerts: alertsOf(totals, instances),
      rows: this.#rows,
      log: this.log.lines,
    }
  }

  /** So many writes per second from now on. */
  async pace(rate: Rate): Promise<void> {
    await this.#running.ingest.ask('pace', { rate })
    this.#rate = rate
  }

  /** Disturbs what comes to a replica from now on; `{}` ends it, and times its recovery. */
  async disturb(replica: Handle, disturbance: Disturbance): Promise<void> {
    const { name } = replica
    const before = described(this.#disturbed.get(name) ?? {})
    const what = described(disturbance)
    if (what === before) return
    await replica.ask('disturb', disturbance)
    this.#disturbed.set(name, disturbance)
    this.log.add(name, what === '' ? 'undisturbed again' : `disturbed: ${what}`, Date.now())
    this.#recovery.cancel(name)
    const { status } = this.#statuses.get('ingest') ?? {}
    if (what === '') this.#recovery.begin(replica, { since: Date.now(), ...(status && { at: status }) })
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#looking
    await this.#fleet?.close()
  }

  get #running(): Fleet {
    if (!this.#fleet) throw new Error('nothing runs yet')
    return this.#fleet
  }

  #hear(name: string, report: Report): void {
    if ('rows' in report) this.#rows = report.rows
    else if ('happened' in report) this.log.add(name, report.happened, report.at)
    else {
      const { status } = report
      this.#statuses.set(name, { status, at: Date.now() })
      if (name === 'ingest') this.#trail.passed(status.epoch, status.sequence, Date.now())
    }
  }

  #reading(name: string): Reading | undefined {
    const told = this.#statuses.get(name)
    return told && { name, ...told.status, at: told.at, tally: this.#tallies[name] }
  }

  #tick(): void {
    const frame = this.read()
    if (!frame) return
    this.history.add(frame)
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
  }

  async #look(): Promise<void> {
    const { auditor, replicas } = this.#running
    try {
      const { keys } = await auditor.ask('sample')
      const held = await Promise.all(
        replicas.map(async ({ name, ask }) => [name, await ask('copies', { keys })] as const),
      )
      this.#tallies = await auditor.ask('judge', { keys, held: Object.fromEntries(held) })
    } catch (error) {
      this.log.add('auditor', `nothing was compared (${(error as Error).message})`, Date.now())
    }
  }
}

/** Opens everything and begins to write. What was opened is closed again should something not open. */
export async function openSystem(options: FleetOptions, signal: AbortSignal): Promise<System> {
  const system = new System(options.rate)
  try {
    await system.open(options, signal)
    return system
  } catch (error) {
    await system.close()
    throw error
  }
}
