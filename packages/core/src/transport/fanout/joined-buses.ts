import type { Scope } from '../../model/address.ts'
import { checkScope } from '../../model/check-address.ts'
import { type Duration, milliseconds } from '../../model/duration.ts'
import { AbortedError, ArgumentError, ClosedError } from '../../model/errors.ts'
import { type Runtime, systemRuntime } from '../../model/runtime.ts'
import type {
  BusCapabilities,
  BusFailure,
  BusStatus,
  ChangeBus,
  FrameHandler,
  SubscribeOptions,
  Subscription,
} from '../bus.ts'
import { Listeners } from '../listeners.ts'
import type { EncodedChange } from '../wire.ts'
import { joined } from './capabilities.ts'
import { JoinedStatus } from './joined-status.ts'
import { Member } from './member.ts'
import { Parcel } from './parcel.ts'
import { JoinedSubscription } from './subscription.ts'

/** Options of `fanout`. */
export interface FanoutOptions {
  /** Time and randomness of its retries. Default: the real ones. */
  readonly runtime?: Runtime
  /** How long `remove` and `close` wait for a bus to take what waits for it. Default 5 s. */
  readonly deadline?: Duration
}

/** Several buses as one: who is in, and what they are together. */
export class JoinedBuses implements ChangeBus {
  readonly #runtime: Runtime
  readonly #deadline: number
  readonly #members = new Map<ChangeBus, Member>()
  /** How the `add` of a bus that goes before it has come is ended. */
  readonly #arrivals = new Map<ChangeBus, (error: ClosedError) => void>()
  readonly #departures = new Map<ChangeBus, Promise<void>>()
  readonly #subscriptions = new Set<JoinedSubscription>()
  readonly #incomplete = new Set<JoinedSubscription>()
  readonly #status = new JoinedStatus(() => this.#misses)
  readonly #failures = new Listeners<BusFailure>()
  #closing: Promise<void> | undefined

  constructor(buses: readonly ChangeBus[], { runtime = systemRuntime, deadline = '5s' }: FanoutOptions) {
    if (buses.length === 0) throw new ArgumentError('fanout: a bus is needed')
    if (new Set(buses).size < buses.length) throw new ArgumentError('fanout: a bus is named twice')
    this.#runtime = runtime
    this.#deadline = milliseconds(deadline, 'deadline')
    for (const bus of buses) this.#enter(bus)
  }

  get capabilities(): BusCapabilities {
    return joined([...this.#members.keys()].map(({ capabilities }) => capabilities))
  }

  async publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    this.#refuse(scope)
    if (changes.length === 0) return
    const outboxes = [...this.#members.values()].map((member) => member.outbox(scope))
    const parcel = new Parcel(scope, [...changes], outboxes, (failure) => this.#failures.tell(failure))
    for (const outbox of outboxes) outbox.send(parcel)
    return parcel.published
  }

  async subscribe(scope: Scope, onFrame: FrameHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    this.#refuse(scope)
    const { signal, after } = options
    if (after !== undefined) throw new ArgumentError('after: an offset belongs to a single bus', { address: scope })
    const refuseIfAborted = (): void => {
      if (signal?.aborted) throw new AbortedError('subscribe: aborted', { cause: signal.reason, address: scope })
    }
    refuseIfAborted()
    const subscription = this.#open(scope, onFrame, signal)
    try {
      await subscription.live
      return subscription
    } catch (error) {
      await subscription.stop()
      this.#refuse(scope)
      refuseIfAborted()
      throw error
    }
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    return this.#status.listeners.add(listener)
  }

  onFailure(listener: (failure: BusFailure) => void): () => void {
    return this.#failures.add(listener)
  }

  async add(bus: ChangeBus): Promise<void> {
    this.#refuse()
    if (this.#members.has(bus) || this.#departures.has(bus)) throw new ArgumentError('add: the bus is in already')
    const gone = Promise.withResolvers<never>()
    this.#arrivals.set(bus, gone.reject)
    const member = this.#enter(bus)
    member.arriving = true
    try {
      await Promise.race([gone.promise, Promise.all([...this.#subscriptions].map((each) => member.join(each)))])
    } finally {
      member.arriving = false
      this.#arrivals.delete(bus)
    }
    const { refusal } = member
    if (refusal) {
      this.#members.delete(bus)
      await member.leave()
      throw refusal
    }
    // what went over this bus alone until now has to be asked for
    this.#status.heardAgain()
  }

  async remove(bus: ChangeBus): Promise<void> {
    this.#refuse()
    const member = this.#members.get(bus)
    if (!member) throw new ArgumentError('remove: the bus is not in')
    if (this.#members.size === 1) throw new ArgumentError('remove: it is the last bus')
    this.#members.delete(bus)
    this.#arrivals.get(bus)?.(new ClosedError('add: the bus was taken out'))
    const departure = this.#depart(member)
    this.#departures.set(bus, departure)
    await departure.finally(() => this.#departures.delete(bus))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#status.close()
    const members = [...this.#members.values()]
    const departures = [...this.#departures.values()]
    for (const gone of this.#arrivals.values()) gone(new ClosedError('the bus is closed'))
    await this.#drain(members)
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.stop()))
    await Promise.all(members.map((member) => member.leave()))
    const closed = await Promise.allSettled([...departures, ...members.map(({ bus }) => bus.close())])
    this.#failures.clear()
    for (const each of closed) if (each.status === 'rejected') throw each.reason
  }

  async #depart(member: Member): Promise<void> {
    await this.#drain([member])
    await member.leave()
    // what came over this bus alone at the end has to be asked for
    this.#status.heardAgain()
    await member.bus.close()
  }

  #enter(bus: ChangeBus): Member {
    const member: Member = new Member({
      bus,
      runtime: this.#runtime,
      status: (status) => {
        if (!member.arriving) this.#status.heard(status)
      },
      failed: (failure) => this.#failures.tell(failure),
    })
    this.#members.set(bus, member)
    return member
  }

  #open(scope: Scope, onFrame: FrameHandler, signal: AbortSignal | undefined): JoinedSubscription {
    const abort = (): void => void subscription.stop()
    const subscription = new JoinedSubscription({
      scope,
      runtime: this.#runtime,
      onFrame: (frame) => onFrame(frame),
      changed: () => {
        if (subscription.incomplete) this.#incomplete.add(subscription)
        else this.#incomplete.delete(subscription)
        this.#status.look()
      },
      failed: (failure) => this.#failures.tell(failure),
      stopped: () => {
        signal?.removeEventListener('abort', abort)
        this.#subscriptions.delete(subscription)
        for (const member of this.#members.values()) member.forget(subscription)
        if (this.#incomplete.delete(subscription)) this.#status.look()
      },
    })
    this.#subscriptions.add(subscription)
    signal?.addEventListener('abort', abort)
    for (const member of this.#members.values()) void member.join(subscription)
    return subscription
  }

  /** Resolves when these buses have taken what waits for them, or the deadline has passed. */
  async #drain(members: readonly Member[]): Promise<void> {
    const late = Promise.withResolvers<void>()
    const cancel = this.#runtime.schedule(late.resolve, this.#deadline)
    await Promise.race([late.promise, Promise.all(members.map((member) => member.drain()))])
    cancel()
  }

  #refuse(scope?: Scope): void {
    if (this.#closing) throw new ClosedError('the bus is closed', scope && { address: scope })
    if (scope) checkScope(scope)
  }

  /** Is it known that changes are missed on one of the buses? */
  get #misses(): boolean {
    return this.#incomplete.size > 0 || [...this.#members.values()].some(({ interrupted }) => interrupted)
  }
}
