import type { Scope } from '../../model/address.ts'
import { assertScope } from '../../model/assert.ts'
import { type Duration, parseDuration } from '../../model/duration.ts'
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
import { combineCapabilities } from './capabilities.ts'
import { FanoutStatus } from './fanout-status.ts'
import { FanoutSubscription } from './fanout-subscription.ts'
import { Member } from './member.ts'
import { Publication } from './publication.ts'

/** Options of `fanout`. */
export interface FanoutOptions {
  /** Clock and randomness of retries. Default: the system's. */
  readonly runtime?: Runtime
  /** Maximum time that `remove` and `close` wait for a bus to take its queued changes. Default 5 s. */
  readonly deadline?: Duration
}

/** Combines several buses into one. Owns the members, and derives their common status and capabilities. */
export class FanoutBus implements ChangeBus {
  readonly #runtime: Runtime
  readonly #deadline: number
  readonly #members = new Map<ChangeBus, Member>()
  /** Reject functions of pending `add` calls, for members that are removed before they have joined. */
  readonly #pendingAdds = new Map<ChangeBus, (error: ClosedError) => void>()
  readonly #pendingRemovals = new Map<ChangeBus, Promise<void>>()
  readonly #subscriptions = new Set<FanoutSubscription>()
  readonly #incomplete = new Set<FanoutSubscription>()
  readonly #status = new FanoutStatus(() => this.#missesChanges)
  readonly #failures = new Listeners<BusFailure>()
  #closing: Promise<void> | undefined

  constructor(buses: readonly ChangeBus[], { runtime = systemRuntime, deadline = '5s' }: FanoutOptions) {
    if (buses.length === 0) throw new ArgumentError('fanout: expected at least one bus, got none')
    if (new Set(buses).size < buses.length) throw new ArgumentError('fanout: expected each bus once, got a duplicate')
    this.#runtime = runtime
    this.#deadline = parseDuration(deadline, 'deadline')
    for (const bus of buses) this.#addMember(bus)
  }

  get capabilities(): BusCapabilities {
    return combineCapabilities([...this.#members.keys()].map(({ capabilities }) => capabilities))
  }

  async publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    this.#assertUsable(scope)
    if (changes.length === 0) return
    const queues = [...this.#members.values()].map((member) => member.queue(scope))
    const publication = new Publication(scope, [...changes], queues, (failure) => this.#failures.emit(failure))
    for (const queue of queues) queue.enqueue(publication)
    return publication.whenPublished
  }

  async subscribe(scope: Scope, onFrame: FrameHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    this.#assertUsable(scope)
    const { signal, after } = options
    if (after !== undefined)
      throw new ArgumentError('after: expected no offset, because an offset belongs to a single bus', {
        address: scope,
      })
    const throwIfAborted = (): void => {
      if (signal?.aborted) throw new AbortedError('subscribe: aborted', { cause: signal.reason, address: scope })
    }
    throwIfAborted()
    const subscription = this.#openSubscription(scope, onFrame, signal)
    try {
      await subscription.live
      return subscription
    } catch (error) {
      await subscription.stop()
      this.#assertUsable(scope)
      throwIfAborted()
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
    this.#assertUsable()
    if (this.#members.has(bus) || this.#pendingRemovals.has(bus))
      throw new ArgumentError('add: expected a new bus, got a member')
    const rejectAdd = Promise.withResolvers<never>()
    this.#pendingAdds.set(bus, rejectAdd.reject)
    const member = this.#addMember(bus)
    member.isJoining = true
    try {
      await Promise.race([
        rejectAdd.promise,
        Promise.all([...this.#subscriptions].map((each) => member.subscribe(each))),
      ])
    } finally {
      member.isJoining = false
      this.#pendingAdds.delete(bus)
    }
    const { rejection } = member
    if (rejection) {
      this.#members.delete(bus)
      await member.close()
      throw rejection
    }
    // Changes published only on this bus until now must be read from the store.
    this.#status.emitResumed()
  }

  async remove(bus: ChangeBus): Promise<void> {
    this.#assertUsable()
    const member = this.#members.get(bus)
    if (!member) throw new ArgumentError('remove: expected a member, got another bus')
    if (this.#members.size === 1)
      throw new ArgumentError('remove: expected at least one other member, got the last one; add its successor first')
    this.#members.delete(bus)
    this.#pendingAdds.get(bus)?.(new ClosedError('add: the bus was removed before it joined'))
    const removal = this.#removeMember(member)
    this.#pendingRemovals.set(bus, removal)
    await removal.finally(() => this.#pendingRemovals.delete(bus))
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
    const removals = [...this.#pendingRemovals.values()]
    for (const rejectAdd of this.#pendingAdds.values()) rejectAdd(new ClosedError('the bus is closed'))
    await this.#drain(members)
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.stop()))
    await Promise.all(members.map((member) => member.close()))
    const closed = await Promise.allSettled([...removals, ...members.map(({ bus }) => bus.close())])
    this.#failures.clear()
    for (const each of closed) if (each.status === 'rejected') throw each.reason
  }

  async #removeMember(member: Member): Promise<void> {
    await this.#drain([member])
    await member.close()
    // Changes delivered only by this bus at the end must be read from the store.
    this.#status.emitResumed()
    await member.bus.close()
  }

  #addMember(bus: ChangeBus): Member {
    const member: Member = new Member({
      bus,
      runtime: this.#runtime,
      onStatus: (status) => {
        if (!member.isJoining) this.#status.onStatus(status)
      },
      onFailure: (failure) => this.#failures.emit(failure),
    })
    this.#members.set(bus, member)
    return member
  }

  #openSubscription(scope: Scope, onFrame: FrameHandler, signal: AbortSignal | undefined): FanoutSubscription {
    const abort = (): void => void subscription.stop()
    const subscription = new FanoutSubscription({
      scope,
      runtime: this.#runtime,
      onFrame: (frame) => onFrame(frame),
      onChange: () => {
        if (subscription.isIncomplete) this.#incomplete.add(subscription)
        else this.#incomplete.delete(subscription)
        this.#status.update()
      },
      onFailure: (failure) => this.#failures.emit(failure),
      onStop: () => {
        signal?.removeEventListener('abort', abort)
        this.#subscriptions.delete(subscription)
        for (const member of this.#members.values()) member.removeSubscription(subscription)
        if (this.#incomplete.delete(subscription)) this.#status.update()
      },
    })
    this.#subscriptions.add(subscription)
    signal?.addEventListener('abort', abort)
    for (const member of this.#members.values()) void member.subscribe(subscription)
    return subscription
  }

  /** Resolves when these buses have taken their queued changes, or the deadline has passed. */
  async #drain(members: readonly Member[]): Promise<void> {
    const timedOut = Promise.withResolvers<void>()
    const cancel = this.#runtime.schedule(timedOut.resolve, this.#deadline)
    await Promise.race([timedOut.promise, Promise.all(members.map((member) => member.drain()))])
    cancel()
  }

  #assertUsable(scope?: Scope): void {
    if (this.#closing) throw new ClosedError('the bus is closed', scope && { address: scope })
    if (scope) assertScope(scope)
  }

  /** Whether changes are known to be missed on one of the buses. */
  get #missesChanges(): boolean {
    return this.#incomplete.size > 0 || [...this.#members.values()].some(({ interrupted }) => interrupted)
  }
}
