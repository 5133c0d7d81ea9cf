import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClosedError, isSyncError } from '@sync/core'
import { type ChangeBus, Listeners, throwUncaught } from '@sync/core/adapter'
import { ChannelSubscriptions } from '../bus/channel-subscriptions.ts'
import type { Connection } from '../connection/connection.ts'
import { retryDelay } from '../connection/retry-delay.ts'
import { toStoreError } from '../errors.ts'
import { outboxChannel } from '../names.ts'
import type { RedisRelay, RedisRelayEvent } from '../options.ts'
import type { StoreSettings } from '../store/settings.ts'
import { RedisStore } from '../store/store.ts'
import { Lease } from './lease.ts'
import { Outbox } from './outbox.ts'
import { RelayTerm } from './relay-term.ts'

/** Interval between polls of the outbox, in ms. Finds sections whose notification was lost. */
const POLL_INTERVAL_MS = 1_000

/** Options of `Relay`, validated. */
export interface RelayOptions {
  readonly bus: ChangeBus
  /** Duration of the lease, in ms. */
  readonly lease: number
  readonly settings: StoreSettings
}

/** Waits for the lease, publishes while it holds it, and waits again. */
export class Relay implements RedisRelay {
  readonly #connection: Promise<Connection>
  readonly #options: RelayOptions
  readonly #store: RedisStore
  readonly #holder: string = randomUUID()
  readonly #listeners = new Listeners<RedisRelayEvent>(throwUncaught)
  readonly #closeController = new AbortController()
  readonly #running: Promise<void>
  #term: RelayTerm | undefined
  #unavailable = false
  #closing: Promise<void> | undefined

  constructor(connection: Promise<Connection>, options: RelayOptions) {
    this.#connection = connection
    this.#options = options
    this.#store = new RedisStore(connection, options.settings)
    this.#running = connection.then(
      (opened) => this.#run(opened),
      (error: unknown) => this.#reportFailure(error, { address: 'Redis' }),
    )
  }

  get active(): boolean {
    return this.#term !== undefined
  }

  async backlog(): Promise<{ readonly sections: number; readonly since?: number }> {
    if (this.#closing) throw new ClosedError('the relay is closed')
    const connection = await this.#connection
    try {
      return await new Outbox(connection).backlog()
    } catch (cause) {
      throw toStoreError(cause, connection, 'no')
    }
  }

  onEvent(listener: (event: RedisRelayEvent) => void): () => void {
    return this.#listeners.add(listener)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#closeController.abort()
    await this.#running
    await this.#store.close()
    this.#listeners.clear()
  }

  async #run(connection: Connection): Promise<void> {
    const listening = connection.fork()
    const channels = new ChannelSubscriptions(listening, throwUncaught, (state) => {
      if (state === 'up') void this.#sweep({ all: true })
    })
    const subscribing = this.#subscribe(channels, connection)
    const lease = new Lease(connection, { holder: this.#holder, ms: this.#options.lease })
    for (let attempt = 0; !this.#closeController.signal.aborted; ) {
      try {
        const { term, remainingMs } = await lease.acquireOrRenew()
        this.#unavailable = false
        attempt = 0
        if (term !== undefined) await this.#runTerm(term, lease, connection)
        // the holder may release the lease before it expires
        else await this.#sleep(Math.min(remainingMs, this.#options.lease / 3) + 1)
      } catch (error) {
        this.#reportFailure(error, connection)
        await this.#sleep(retryDelay(attempt++))
      }
    }
    await lease.release().catch(() => {})
    channels.close()
    await Promise.all([subscribing, listening.close()])
  }

  /** Publishes until another relay has the lease or this one is closed. */
  async #runTerm(term: string, lease: Lease, connection: Connection): Promise<void> {
    const deposed = new AbortController()
    const relayTerm = new RelayTerm(term, {
      connection,
      store: this.#store,
      bus: this.#options.bus,
      holder: this.#holder,
      emit: (event) => this.#listeners.emit(event),
      onDeposed: (term = 0) => {
        lease.advancePast(term)
        deposed.abort()
      },
    })
    this.#term = relayTerm
    this.#listeners.emit({ type: 'active' })
    const stopSignal = AbortSignal.any([deposed.signal, this.#closeController.signal])
    while (!stopSignal.aborted) {
      await this.#sweep()
      await this.#sleep(Math.min(POLL_INTERVAL_MS, this.#options.lease / 3), stopSignal)
      if (stopSignal.aborted) break
      try {
        const renewed = await lease.acquireOrRenew()
        this.#unavailable = false
        if (renewed.term !== term) deposed.abort()
      } catch (error) {
        // continue: the term is still valid if no other relay has begun one by the next renewal
        this.#reportFailure(error, connection)
      }
    }
    this.#term = undefined
    this.#listeners.emit({ type: 'standby' })
    const stopped = relayTerm.stop()
    // a deposed relay does not wait for a bus that does not answer; a closed one waits at most for the lease
    if (!deposed.signal.aborted) await Promise.race([stopped, sleep(this.#options.lease, undefined, { ref: false })])
  }

  async #sweep(options?: { readonly all: true }): Promise<void> {
    // unavailable indexes are polled again soon, and the renewal of the lease reports the failure
    await this.#term?.sweep(options)
  }

  /** Subscribes to the outbox's notifications. Until that succeeds, the regular poll finds the sections. */
  async #subscribe(channels: ChannelSubscriptions, connection: Connection): Promise<void> {
    for (let attempt = 0; !this.#closeController.signal.aborted; attempt++) {
      try {
        await channels.subscribe(outboxChannel(connection.database), (name) => this.#term?.enqueue(name))
        return
      } catch (error) {
        if (isSyncError(error) && !error.retryable) return this.#reportFailure(error, connection)
        await this.#sleep(retryDelay(attempt))
      }
    }
  }

  async #sleep(ms: number, signal: AbortSignal = this.#closeController.signal): Promise<void> {
    await sleep(ms, undefined, { signal }).catch(() => {})
  }

  #reportFailure(cause: unknown, connection: Pick<Connection, 'address'> & Partial<Connection>): void {
    if (this.#closeController.signal.aborted || this.#unavailable) return
    this.#unavailable = true
    this.#listeners.emit({ type: 'error', error: toStoreError(cause, connection, 'no') })
  }
}
