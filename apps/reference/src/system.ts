import { AlertHistory } from './alerts.ts'
import { audit } from './audit.ts'
import { EventLog } from './event-log.ts'
import { flood, type Harm, killServer, loseTail } from './faults.ts'
import { type Fleet, type FleetOptions, openFleet } from './fleet.ts'
import type { Frame } from './frame.ts'
import { History } from './history.ts'
import { busesFor, menuOf } from './menu.ts'
import { type Moved, moveBus, moveStore } from './moves.ts'
import { Recovery } from './recovery.ts'
import { RequestError } from './request-error.ts'
import type { Catalogue } from './servers/catalogue.ts'
import type { Place } from './servers/server.ts'
import { type Disturbance, described } from './services/disturbance.ts'
import type { Handle } from './services/handle.ts'
import { isGone } from './services/order-error.ts'
import type { Rate } from './services/throttle.ts'
import { View } from './view.ts'

/** What a system is made of, beside where it runs. */
export type SystemOptions = Pick<FleetOptions, 'file' | 'replicas' | 'rate'>

interface Parts {
  readonly options: SystemOptions
  readonly catalogue: Catalogue
  readonly log: EventLog
  readonly view: View
}

const AUDIT_MS = 1_000

/** An ingest service, its replicas and an auditor: what is seen of them, what is done to them, where they run. */
export class System {
  readonly log: EventLog
  readonly history: History = new History()
  readonly #alerts = new AlertHistory()
  readonly #options: SystemOptions
  readonly #catalogue: Catalogue
  readonly #view: View
  readonly #recovery: Recovery
  readonly #disturbed = new Map<string, Disturbance>()
  readonly #stop = new AbortController()
  readonly #timer: NodeJS.Timeout
  #fleet: Fleet
  #store: Place
  #bus: Place
  #rate: Rate
  #looking: Promise<void> | undefined
  /** What is under way, and lets nothing else come between. */
  #busy: { readonly what: string; readonly over: Promise<unknown> } | undefined
  #moved: Moved | undefined
  #moving = false
  #restarting: Promise<void> | undefined
  readonly #writing = new Set<Promise<unknown>>()

  constructor({ options, catalogue, log, view }: Parts, fleet: Fleet) {
    this.log = log
    this.#options = options
    this.#catalogue = catalogue
    this.#view = view
    this.#recovery = new Recovery(log)
    this.#fleet = fleet
    this.#store = catalogue.store
    this.#bus = catalogue.bus
    this.#rate = options.rate
    this.#timer = setInterval(() => this.#tick(), AUDIT_MS)
  }

  get replicas(): readonly Handle[] {
    return this.#fleet.replicas
  }

  /** All that there is to show now; `undefined`: not every instance has told how it is doing. */
  read(): Frame | undefined {
    const names = this.replicas.map(({ name }) => name)
    const now = Date.now()
    const seen = this.#view.read(names, now)
    if (!seen) return undefined
    return {
      at: now,
      pace: this.#rate,
      ...seen,
      disturbed: Object.fromEntries(names.map((name) => [name, described(this.#disturbed.get(name) ?? {})])),
      menu: menuOf(this.#catalogue, { store: this.#store, bus: this.#bus, fleet: this.#fleet }),
      busy: this.#busy?.what,
      moved: this.#moved,
      pastAlerts: this.#alerts.past,
      log: this.log.lines,
    }
  }

  /** So many writes per second from now on. */
  async pace(rate: Rate): Promise<void> {
    this.#rate = rate
    await this.ask(({ ingest }) => ingest.ask('pace', { rate }))
  }

  /** Asks the services for what may be asked twice: while they restart, and once more where that cut the answer off. */
  async ask<T>(work: (fleet: Fleet) => Promise<T>): Promise<T> {
    await this.#restarting
    const fleet = this.#fleet
    try {
      return await work(fleet)
    } catch (error) {
      if (!isGone(error) || (fleet === this.#fleet && !this.#restarting)) throw error
      await this.#restarting
      return work(this.#fleet)
    }
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
    if (what === '') this.#recovery.begin(replica, { since: Date.now(), at: await this.#fleet.ingest.ask('where') })
  }

  /** Does work that writes. Not while the system moves: what was written to the old place then would not be in the new one. @throws RequestError */
  async write<T>(work: (replicas: readonly Handle[]) => Promise<T>): Promise<T> {
    if (this.#moving) throw new RequestError(409, `not while ${this.#busy?.what ?? 'it moves'} goes on`)
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
    return this.#alone(`killing ${name}`, () => killServer(one, this.#harm))
  }

  /** The store loses the end of its history. Answers what that was, in words. @throws RequestError */
  loseTail(): Promise<string> {
    const { name, loseTail: lose } = this.#catalogue.serverOf(this.#store) ?? {}
    if (name === undefined || !lose) throw new RequestError(409, `${this.#store.name} cannot be made to lose anything`)
    return this.#alone('losing the tail', () => loseTail(name, lose, this.#harm))
  }

  /** Writes far over the pace for a while. Answers how many commits that were. @throws RequestError */
  flood(): Promise<number> {
    return this.#alone('flooding', () => flood(() => this.#rate, this.#harm))
  }

  /** Moves to another bus while it runs. @throws RequestError */
  moveBus(name: string): Promise<Moved> {
    const to = placeOf(busesFor(this.#catalogue, this.#fleet), name, this.#bus)
    return this.#move(to, async () => {
      const moved = await moveBus(this.#fleet, this.#bus, to, this.log)
      this.#bus = to
      return moved
    })
  }

  /** Restarts on another store, with the documents of this one. @throws RequestError */
  moveStore(name: string): Promise<Moved> {
    const to = placeOf(this.#catalogue.stores, name, this.#store)
    return this.#move(to, async () => {
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
    await Promise.allSettled([this.#looking, this.#busy?.over])
    await this.#fleet.close()
  }

  get #harm(): Harm {
    return { fleet: this.#fleet, log: this.log, recovery: this.#recovery, signal: this.#stop.signal }
  }

  async #reopen(store: Place): Promise<Fleet> {
    this.#view.ended()
    this.#disturbed.clear()
    const at = { store: store.url, bus: this.#bus.url }
    this.#fleet = await openFleet(
      { ...this.#options, ...at, rate: 0 },
      (...told) => this.#view.hear(...told),
      this.#stop.signal,
    )
    this.#store = store
    return this.#fleet
  }

  async #move(to: Place, work: () => Promise<Moved>): Promise<Moved> {
    return this.#alone(`moving to ${to.name}`, async () => {
      this.log.add('all', `moving to ${to.name}`, Date.now())
      this.#moving = true
      try {
        await Promise.allSettled(this.#writing)
        this.#moved = await work()
        this.log.add('all', `moved to ${to.name}`, Date.now())
        return this.#moved
      } catch (error) {
        this.log.add('all', `not moved to ${to.name}: ${(error as Error).message}`, Date.now())
        throw error
      } finally {
        this.#moving = false
      }
    })
  }

  async #alone<T>(what: string, work: () => Promise<T>): Promise<T> {
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
    const frame = this.read()
    if (frame) {
      this.history.add(frame)
      this.#alerts.take(frame.alerts, frame.at)
    }
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
  }

  async #look(): Promise<void> {
    const fleet = this.#fleet
    try {
      const tallies = await audit(fleet)
      if (fleet === this.#fleet) this.#view.tallies = tallies
    } catch (error) {
      // one that has ended says so itself
      if (isGone(error)) return
      this.log.add('auditor', `nothing was compared (${(error as Error).message})`, Date.now())
    }
  }
}

/** The place of that name, unless it is where the system is already. */
function placeOf(places: readonly Place[], name: string, now: Place): Place {
  const found = places.find((place) => place.name === name)
  if (!found) throw new RequestError(400, `to: one of ${places.map((place) => place.name).join(', ')} is needed`)
  if (found.url === now.url) throw new RequestError(409, `the system runs on ${name} already`)
  return found
}

/** Opens everything and begins to write. What was opened is closed again should something not open. */
export async function openSystem(options: SystemOptions, catalogue: Catalogue, signal: AbortSignal): Promise<System> {
  const log = new EventLog()
  const view = new View(log)
  const at = { store: catalogue.store.url, bus: catalogue.bus.url }
  const fleet = await openFleet({ ...options, ...at }, (...told) => view.hear(...told), signal)
  return new System({ options, catalogue, log, view }, fleet)
}
