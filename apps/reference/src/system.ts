import { EventLog } from '@sync/admin/parts'
import { AlertHistory } from './alerts.ts'
import { audit } from './audit.ts'
import { availableBuses, availableTargets } from './available-targets.ts'
import { ChartHistory } from './chart-history.ts'
import { Dashboard } from './dashboard.ts'
import type { DashboardFrame } from './dashboard-frame.ts'
import { FaultMarks } from './fault-marks.ts'
import { type FaultContext, flood, killServer, loseTail } from './faults.ts'
import { type Fleet, type FleetOptions, openFleet } from './fleet.ts'
import { type MigrationResult, moveBus, moveStore } from './migrations.ts'
import { RecoveryTimer } from './recovery.ts'
import { RequestError } from './request-error.ts'
import type { Catalogue } from './servers/catalogue.ts'
import type { Backend } from './servers/server.ts'
import { hasServiceEnded } from './services/command-error.ts'
import type { ServiceHandle } from './services/handle.ts'
import { describeNetworkFault, type NetworkFault } from './services/network-fault.ts'
import type { Rate } from './services/throttle.ts'

/** Options of a system, apart from store and bus. */
export type SystemOptions = Pick<FleetOptions, 'file' | 'replicas' | 'rate'>

interface SystemParts {
  readonly options: SystemOptions
  readonly catalogue: Catalogue
  readonly log: EventLog
  readonly dashboard: Dashboard
}

const AUDIT_MS = 1_000
const MAX_LOG_LINES = 60

/** An ingest service, its replicas and an auditor. Provides their figures, injects faults, and moves them to other stores and buses. */
export class System {
  readonly log: EventLog
  readonly history: ChartHistory = new ChartHistory()
  readonly #alerts = new AlertHistory()
  readonly #options: SystemOptions
  readonly #catalogue: Catalogue
  readonly #dashboard: Dashboard
  readonly #recoveryTimer: RecoveryTimer
  readonly #marks = new FaultMarks()
  readonly #networkFaults = new Map<string, NetworkFault>()
  readonly #stop = new AbortController()
  readonly #timer: NodeJS.Timeout
  #fleet: Fleet
  #store: Backend
  #bus: Backend
  #rate: Rate
  #auditing: Promise<void> | undefined
  /** The operation in progress. It excludes all other operations. */
  #busy: { readonly operation: string; readonly settled: Promise<unknown> } | undefined
  #lastMigration: MigrationResult | undefined
  #migrating = false
  #restarting: Promise<void> | undefined
  readonly #writing = new Set<Promise<unknown>>()

  constructor({ options, catalogue, log, dashboard }: SystemParts, fleet: Fleet) {
    this.log = log
    this.#options = options
    this.#catalogue = catalogue
    this.#dashboard = dashboard
    this.#recoveryTimer = new RecoveryTimer(log)
    this.#fleet = fleet
    this.#store = catalogue.store
    this.#bus = catalogue.bus
    this.#rate = options.rate
    this.#timer = setInterval(() => this.#tick(), AUDIT_MS)
  }

  get replicas(): readonly ServiceHandle[] {
    return this.#fleet.replicas
  }

  /** Returns the current frame; `undefined` until every instance has reported its status. */
  readFrame(): DashboardFrame | undefined {
    const names = this.replicas.map(({ name }) => name)
    const now = Date.now()
    const state = this.#dashboard.read(names, now)
    if (!state) return undefined
    return {
      at: now,
      targetRate: this.#rate,
      ...state,
      networkFaults: Object.fromEntries(
        names.map((name) => [name, describeNetworkFault(this.#networkFaults.get(name) ?? {})]),
      ),
      faults: Object.fromEntries(names.map((name) => [name, this.#networkFaults.get(name) ?? {}])),
      marks: this.#marks.all,
      targets: availableTargets(this.#catalogue, { store: this.#store, bus: this.#bus, fleet: this.#fleet }),
      busy: this.#busy?.operation,
      lastMigration: this.#lastMigration,
      pastAlerts: this.#alerts.past,
      log: this.log.lines,
    }
  }

  /** Sets the feed's writes per second. */
  async setRate(rate: Rate): Promise<void> {
    this.#rate = rate
    await this.withFleet(({ ingest }) => ingest.execute('setRate', { rate }))
  }

  /** Runs idempotent work on the fleet. Waits while the services restart, and repeats the work once if the restart interrupted it. */
  async withFleet<T>(work: (fleet: Fleet) => Promise<T>): Promise<T> {
    await this.#restarting
    const fleet = this.#fleet
    try {
      return await work(fleet)
    } catch (error) {
      if (!hasServiceEnded(error) || (fleet === this.#fleet && !this.#restarting)) throw error
      await this.#restarting
      return work(this.#fleet)
    }
  }

  /** Sets the network fault of a replica. `{}` stops it, and starts the measurement of the recovery. */
  async setNetworkFault(replica: ServiceHandle, fault: NetworkFault): Promise<void> {
    const { name } = replica
    const before = describeNetworkFault(this.#networkFaults.get(name) ?? {})
    const after = describeNetworkFault(fault)
    if (after === before) return
    await replica.execute('setNetworkFault', fault)
    this.#networkFaults.set(name, fault)
    this.log.add(name, after === '' ? 'fault stopped' : `fault: ${after}`, Date.now())
    this.#marks.add(after === '' ? `${name} healed` : `${name}: ${after}`, Date.now())
    this.#recoveryTimer.cancel(name)
    if (after === '')
      this.#recoveryTimer.start(replica, { since: Date.now(), at: await this.#fleet.ingest.execute('progress') })
  }

  /**
   * Runs work that writes. Rejected during a move, since writes to the old store would be missing in the new one.
   * @throws RequestError with status 409 during a move
   */
  async write<T>(work: (replicas: readonly ServiceHandle[]) => Promise<T>): Promise<T> {
    if (this.#migrating)
      throw new RequestError(409, `${this.#busy?.operation ?? 'a move'} is in progress; retry when it has finished`)
    const writing = work(this.replicas)
    this.#writing.add(writing)
    try {
      return await writing
    } finally {
      this.#writing.delete(writing)
    }
  }

  /**
   * Kills a server that this app started, and restarts it after 2 s.
   * @throws RequestError if the system does not use such a server, or if another operation is in progress
   */
  kill(name: string): Promise<void> {
    const servers = [this.#store, this.#bus].flatMap((backend) => this.#catalogue.serverOf(backend) ?? [])
    const server = servers.find((each) => each.name === name)
    if (!server) throw new RequestError(400, `server: expected a server in use that this app started, got '${name}'`)
    return this.#exclusively(`killing ${name}`, () => {
      this.#marks.add(`${name} killed`, Date.now())
      return killServer(server, this.#faultContext)
    })
  }

  /**
   * Makes the store lose its latest commits. Returns a description of the loss.
   * @throws RequestError if the store does not support it, or if another operation is in progress
   */
  loseTail(): Promise<string> {
    const { name, loseTail: lose } = this.#catalogue.serverOf(this.#store) ?? {}
    if (name === undefined || !lose)
      throw new RequestError(409, `${this.#store.name} cannot simulate the loss of commits`)
    return this.#exclusively('losing the latest commits', () => {
      this.#marks.add(`${name} loses commits`, Date.now())
      return loseTail(name, lose, this.#faultContext)
    })
  }

  /**
   * Writes as fast as possible for 3 s. Returns the number of commits.
   * @throws RequestError if another operation is in progress
   */
  flood(): Promise<number> {
    return this.#exclusively('flooding', () => {
      this.#marks.add('flood', Date.now())
      return flood(() => this.#rate, this.#faultContext)
    })
  }

  /**
   * Moves the running system to another bus.
   * @throws RequestError if the bus is unknown or already in use, or if another operation is in progress
   */
  moveBus(name: string): Promise<MigrationResult> {
    const to = findBackend(availableBuses(this.#catalogue, this.#fleet), name, this.#bus)
    return this.#migrate(to, async () => {
      const result = await moveBus(this.#fleet, this.#bus, to, this.log)
      this.#bus = to
      return result
    })
  }

  /**
   * Restarts the system on another store, with a copy of its documents.
   * @throws RequestError if the store is unknown or already in use, or if another operation is in progress
   */
  moveStore(name: string): Promise<MigrationResult> {
    const to = findBackend(this.#catalogue.stores, name, this.#store)
    return this.#migrate(to, async () => {
      const from = this.#store
      const restarted = Promise.withResolvers<void>()
      this.#restarting = restarted.promise
      try {
        return await moveStore({ from, to, log: this.log }, this.#fleet, (store) => this.#reopen(store))
      } finally {
        this.#restarting = undefined
        restarted.resolve()
        await this.setRate(this.#rate)
      }
    })
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('the system is closed'))
    clearInterval(this.#timer)
    // this ends the operation in progress; if it has opened a new fleet in the meantime, that is closed below
    await this.#fleet.close()
    await Promise.allSettled([this.#auditing, this.#busy?.settled])
    await this.#fleet.close()
  }

  get #faultContext(): FaultContext {
    return { fleet: this.#fleet, log: this.log, recovery: this.#recoveryTimer, signal: this.#stop.signal }
  }

  async #reopen(store: Backend): Promise<Fleet> {
    this.#dashboard.onServicesEnded()
    this.#networkFaults.clear()
    const urls = { store: store.url, bus: this.#bus.url }
    this.#fleet = await openFleet(
      { ...this.#options, ...urls, rate: 0 },
      (...report) => this.#dashboard.receive(...report),
      this.#stop.signal,
    )
    this.#store = store
    return this.#fleet
  }

  async #migrate(to: Backend, work: () => Promise<MigrationResult>): Promise<MigrationResult> {
    return this.#exclusively(`moving to ${to.name}`, async () => {
      this.log.add('all', `moving to ${to.name}`, Date.now())
      this.#migrating = true
      try {
        await Promise.allSettled(this.#writing)
        this.#lastMigration = await work()
        this.log.add('all', `moved to ${to.name}`, Date.now())
        return this.#lastMigration
      } catch (error) {
        this.log.add('all', `move to ${to.name} failed: ${(error as Error).message}`, Date.now())
        throw error
      } finally {
        this.#migrating = false
      }
    })
  }

  async #exclusively<T>(operation: string, work: () => Promise<T>): Promise<T> {
    if (this.#busy) throw new RequestError(409, `${this.#busy.operation} is in progress; retry when it has finished`)
    const settled = work()
    this.#busy = { operation, settled }
    try {
      return await settled
    } finally {
      this.#busy = undefined
    }
  }

  #tick(): void {
    const frame = this.readFrame()
    if (frame) {
      this.history.add(frame)
      this.#alerts.update(frame.alerts, frame.at)
    }
    this.#auditing ??= this.#audit().finally(() => {
      this.#auditing = undefined
    })
  }

  async #audit(): Promise<void> {
    const fleet = this.#fleet
    try {
      const comparisons = await audit(fleet)
      if (fleet === this.#fleet) this.#dashboard.comparisons = comparisons
    } catch (error) {
      // a service that has ended reports that itself
      if (hasServiceEnded(error)) return
      this.log.add('auditor', `comparison failed (${(error as Error).message})`, Date.now())
    }
  }
}

/** Returns the backend with this name, unless the system already uses it. */
function findBackend(backends: readonly Backend[], name: string, current: Backend): Backend {
  const found = backends.find((backend) => backend.name === name)
  if (!found) throw new RequestError(400, `to: expected one of ${backends.map((backend) => backend.name).join(', ')}`)
  if (found.url === current.url) throw new RequestError(409, `the system already uses ${name}`)
  return found
}

/** Opens all services and begins to write. If a service fails to open, closes the others. */
export async function openSystem(options: SystemOptions, catalogue: Catalogue, signal: AbortSignal): Promise<System> {
  const log = new EventLog(MAX_LOG_LINES)
  const dashboard = new Dashboard(log)
  const urls = { store: catalogue.store.url, bus: catalogue.bus.url }
  const fleet = await openFleet({ ...options, ...urls }, (...report) => dashboard.receive(...report), signal)
  return new System({ options, catalogue, log, dashboard }, fleet)
}
