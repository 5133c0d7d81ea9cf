import { AlertHistory } from './alerts.ts'
import { audit } from './audit.ts'
import { availableBuses, availableTargets } from './available-targets.ts'
import { ChartHistory } from './chart-history.ts'
import { Dashboard } from './dashboard.ts'
import type { DashboardFrame } from './dashboard-frame.ts'
import { EventLog } from './event-log.ts'
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

/** What a system is made of, beside where it runs. */
export type SystemOptions = Pick<FleetOptions, 'file' | 'replicas' | 'rate'>

interface SystemParts {
  readonly options: SystemOptions
  readonly catalogue: Catalogue
  readonly log: EventLog
  readonly dashboard: Dashboard
}

const AUDIT_MS = 1_000

/** An ingest service, its replicas and an auditor: what is seen of them, what is done to them, where they run. */
export class System {
  readonly log: EventLog
  readonly history: ChartHistory = new ChartHistory()
  readonly #alerts = new AlertHistory()
  readonly #options: SystemOptions
  readonly #catalogue: Catalogue
  readonly #dashboard: Dashboard
  readonly #recoveryTimer: RecoveryTimer
  readonly #networkFaults = new Map<string, NetworkFault>()
  readonly #stop = new AbortController()
  readonly #timer: NodeJS.Timeout
  #fleet: Fleet
  #store: Backend
  #bus: Backend
  #rate: Rate
  #auditing: Promise<void> | undefined
  /** What is under way, and lets nothing else come between. */
  #busy: { readonly what: string; readonly over: Promise<unknown> } | undefined
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

  /** All that there is to show now; `undefined`: not every instance has told how it is doing. */
  readFrame(): DashboardFrame | undefined {
    const names = this.replicas.map(({ name }) => name)
    const now = Date.now()
    const seen = this.#dashboard.read(names, now)
    if (!seen) return undefined
    return {
      at: now,
      pace: this.#rate,
      ...seen,
      disturbed: Object.fromEntries(
        names.map((name) => [name, describeNetworkFault(this.#networkFaults.get(name) ?? {})]),
      ),
      menu: availableTargets(this.#catalogue, { store: this.#store, bus: this.#bus, fleet: this.#fleet }),
      busy: this.#busy?.what,
      moved: this.#lastMigration,
      pastAlerts: this.#alerts.past,
      log: this.log.lines,
    }
  }

  /** So many writes per second from now on. */
  async pace(rate: Rate): Promise<void> {
    this.#rate = rate
    await this.ask(({ ingest }) => ingest.execute('pace', { rate }))
  }

  /** Asks the services for what may be asked twice: while they restart, and once more where that cut the answer off. */
  async ask<T>(work: (fleet: Fleet) => Promise<T>): Promise<T> {
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

  /** Disturbs what comes to a replica from now on; `{}` ends it, and times its recovery. */
  async setNetworkFault(replica: ServiceHandle, disturbance: NetworkFault): Promise<void> {
    const { name } = replica
    const before = describeNetworkFault(this.#networkFaults.get(name) ?? {})
    const what = describeNetworkFault(disturbance)
    if (what === before) return
    await replica.execute('disturb', disturbance)
    this.#networkFaults.set(name, disturbance)
    this.log.add(name, what === '' ? 'undisturbed again' : `disturbed: ${what}`, Date.now())
    this.#recoveryTimer.cancel(name)
    if (what === '')
      this.#recoveryTimer.start(replica, { since: Date.now(), at: await this.#fleet.ingest.execute('where') })
  }

  /** Does work that writes. Not while the system moves: what was written to the old place then would not be in the new one. @throws RequestError */
  async write<T>(work: (replicas: readonly ServiceHandle[]) => Promise<T>): Promise<T> {
    if (this.#migrating) throw new RequestError(409, `not while ${this.#busy?.what ?? 'it moves'} goes on`)
    const writing = work(this.replicas)
    this.#writing.add(writing)
    try {
      return await writing
    } finally {
      this.#writing.delete(writing)
    }
  }

  /** Kills a server that was started here, which comes back after a while. @throws RequestError */
  kill(name: string): Promise<void> {
    const server = [this.#store, this.#bus].flatMap((place) => this.#catalogue.serverOf(place) ?? [])
    const one = server.find((each) => each.name === name)
    if (!one) throw new RequestError(400, `server: ${name} is none that runs the system and was started here`)
    return this.#exclusively(`killing ${name}`, () => killServer(one, this.#faultContext))
  }

  /** The store loses the end of its history. Answers what that was, in words. @throws RequestError */
  loseTail(): Promise<string> {
    const { name, loseTail: lose } = this.#catalogue.serverOf(this.#store) ?? {}
    if (name === undefined || !lose) throw new RequestError(409, `${this.#store.name} cannot be made to lose anything`)
    return this.#exclusively('losing the tail', () => loseTail(name, lose, this.#faultContext))
  }

  /** Writes far over the pace for a while. Answers how many commits that were. @throws RequestError */
  flood(): Promise<number> {
    return this.#exclusively('flooding', () => flood(() => this.#rate, this.#faultContext))
  }

  /** Moves to another bus while it runs. @throws RequestError */
  moveBus(name: string): Promise<MigrationResult> {
    const to = findBackend(availableBuses(this.#catalogue, this.#fleet), name, this.#bus)
    return this.#migrate(to, async () => {
      const moved = await moveBus(this.#fleet, this.#bus, to, this.log)
      this.#bus = to
      return moved
    })
  }

  /** Restarts on another store, with the documents of this one. @throws RequestError */
  moveStore(name: string): Promise<MigrationResult> {
    const to = findBackend(this.#catalogue.stores, name, this.#store)
    return this.#migrate(to, async () => {
      const from = this.#store
      const over = Promise.withResolvers<void>()
      this.#restarting = over.promise
      try {
        return await moveStore({ from, to, log: this.log }, this.#fleet, (store) => this.#reopen(store))
      } finally {
        this.#restarting = undefined
        over.resolve()
        await this.pace(this.#rate)
      }
    })
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('the system is closed'))
    clearInterval(this.#timer)
    // what is under way ends by that; should it have opened other services meanwhile, they end too
    await this.#fleet.close()
    await Promise.allSettled([this.#auditing, this.#busy?.over])
    await this.#fleet.close()
  }

  get #faultContext(): FaultContext {
    return { fleet: this.#fleet, log: this.log, recovery: this.#recoveryTimer, signal: this.#stop.signal }
  }

  async #reopen(store: Backend): Promise<Fleet> {
    this.#dashboard.onServicesEnded()
    this.#networkFaults.clear()
    const at = { store: store.url, bus: this.#bus.url }
    this.#fleet = await openFleet(
      { ...this.#options, ...at, rate: 0 },
      (...told) => this.#dashboard.receive(...told),
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
        this.log.add('all', `not moved to ${to.name}: ${(error as Error).message}`, Date.now())
        throw error
      } finally {
        this.#migrating = false
      }
    })
  }

  async #exclusively<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (this.#busy) throw new RequestError(409, `not while ${this.#busy.what} goes on`)
    const over = work()
    this.#busy = { what, over }
    try {
      return await over
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
      const tallies = await audit(fleet)
      if (fleet === this.#fleet) this.#dashboard.tallies = tallies
    } catch (error) {
      // one that has ended says so itself
      if (hasServiceEnded(error)) return
      this.log.add('auditor', `nothing was compared (${(error as Error).message})`, Date.now())
    }
  }
}

/** The place of that name, unless it is where the system is already. */
function findBackend(places: readonly Backend[], name: string, now: Backend): Backend {
  const found = places.find((place) => place.name === name)
  if (!found) throw new RequestError(400, `to: one of ${places.map((place) => place.name).join(', ')} is needed`)
  if (found.url === now.url) throw new RequestError(409, `the system runs on ${name} already`)
  return found
}

/** Opens everything and begins to write. What was opened is closed again should something not open. */
export async function openSystem(options: SystemOptions, catalogue: Catalogue, signal: AbortSignal): Promise<System> {
  const log = new EventLog()
  const dashboard = new Dashboard(log)
  const at = { store: catalogue.store.url, bus: catalogue.bus.url }
  const fleet = await openFleet({ ...options, ...at }, (...told) => dashboard.receive(...told), signal)
  return new System({ options, catalogue, log, dashboard }, fleet)
}
