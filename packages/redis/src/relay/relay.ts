import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClosedError, SyncError } from '@sync/core'
import { type ChangeBus, Listeners, throwLater } from '@sync/core/adapter'
import { Channels } from '../bus/channels.ts'
import type { Connection } from '../connection/connection.ts'
import { retryDelay } from '../connection/retry-delay.ts'
import { storeError } from '../errors.ts'
import { outboxChannel } from '../names.ts'
import type { RedisRelay, RedisRelayEvent } from '../options.ts'
import type { StoreSettings } from '../store/settings.ts'
import { RedisStore } from '../store/store.ts'
import { Lease } from './lease.ts'
import { Outbox } from './outbox.ts'
import { Shift } from './shift.ts'

/** How often it is looked for what nobody has told of, in ms. */
const LOOK = 1_000

/** What a relay is opened with. */
export interface RelayOptions {
  readonly bus: ChangeBus
  /** ms */
  readonly lease: number
  readonly settings: StoreSettings
}

/** Waits for the lease, works while it has it, and waits again. */
export class Relay implements RedisRelay {
  readonly #opening: Promise<Connection>
  readonly #options: RelayOptions
  readonly #store: RedisStore
  readonly #holder: string = randomUUID()
  readonly #listeners = new Listeners<RedisRelayEvent>(throwLater)
  readonly #end = new AbortController()
  readonly #running: Promise<void>
  #shift: Shift | undefined
  #away = false
  #closing: Promise<void> | undefined

  constructor(connection: Promise<Connection>, options: RelayOptions) {
    this.#opening = connection
    this.#options = options
    this.#store = new RedisStore(connection, options.settings)
    this.#running = connection.then(
      (opened) => this.#run(opened),
      (error: unknown) => this.#failed(error, { address: 'Redis' }),
    )
  }

  get active(): boolean {
    return this.#shift !== undefined
  }

  async waiting(): Promise<{ readonly sections: number; readonly since?: number }> {
    if (this.#closing) throw new ClosedError('the relay is closed')
    const connection = await this.#opening
    try {
      return await new Outbox(connection).waiting()
    } catch (cause) {
      throw storeError(cause, connection, 'no')
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
    this.#end.abort()
    await this.#running
    await this.#store.close()
    this.#listeners.clear()
  }

  async #run(connection: Connection): Promise<void> {
    const listening = connection.fork()
    const channels = new Channels(listening, throwLater, (state) => {
      if (state === 'up') void this.#look({ all: true })
    })
    const told = this.#listen(channels, connection)
    const lease = new Lease(connection, { holder: this.#holder, ms: this.#options.lease })
    for (let attempt = 0; !this.#end.signal.aborted; ) {
      try {
        const { term, left } = await lease.hold()
        this.#away = false
        attempt = 0
        if (term !== undefined) await this.#serve(term, lease, connection)
        // the one who has it may give it back before
        else await this.#pause(Math.min(left, this.#options.lease / 3) + 1)
      } catch (error) {
        this.#failed(error, connection)
        await this.#pause(retryDelay(attempt++))
      }
    }
    await lease.release().catch(() => {})
    channels.close()
    await Promise.all([told, listening.close()])
  }

  /** Works until another one has the lease, or this one is closed. */
  async #serve(term: string, lease: Lease, connection: Connection): Promise<void> {
    const ousted = new AbortController()
    const shift = new Shift(term, {
      connection,
      store: this.#store,
      bus: this.#options.bus,
      holder: this.#holder,
      tell: (event) => this.#listeners.tell(event),
      ousted: (number = 0) => {
        lease.outrun(number)
        ousted.abort()
      },
    })
    this.#shift = shift
    this.#listeners.tell({ type: 'active' })
    const over = AbortSignal.any([ousted.signal, this.#end.signal])
    while (!over.aborted) {
      await this.#look()
      await this.#pause(Math.min(LOOK, this.#options.lease / 3), over)
      if (over.aborted) break
      try {
        const held = await lease.hold()
        this.#away = false
        if (held.term !== term) ousted.abort()
      } catch (error) {
        // its term may last until there is an answer: then nobody else has begun
        this.#failed(error, connection)
      }
    }
    this.#shift = undefined
    this.#listeners.tell({ type: 'standby' })
    const ended = shift.end()
    // who is ousted need not wait for a bus that does not answer; who leaves waits no longer than the lease would
    if (!ousted.signal.aborted) await Promise.race([ended, sleep(this.#options.lease, undefined, { ref: false })])
  }

  async #look(options?: { readonly all: true }): Promise<void> {
    // what fails is tried again soon, and told where the lease is held
    await this.#shift?.sweep(options)
  }

  /** Until it hears, the regular look finds what there is. */
  async #listen(channels: Channels, connection: Connection): Promise<void> {
    for (let attempt = 0; !this.#end.signal.aborted; attempt++) {
      try {
        await channels.listen(outboxChannel(connection.database), (name) => this.#shift?.notice(name))
        return
      } catch (error) {
        if (error instanceof SyncError && !error.retryable) return this.#failed(error, connection)
        await this.#pause(retryDelay(attempt))
      }
    }
  }

  async #pause(ms: number, signal: AbortSignal = this.#end.signal): Promise<void> {
    await sleep(ms, undefined, { signal }).catch(() => {})
  }

  #failed(cause: unknown, at: Pick<Connection, 'address'> & Partial<Connection>): void {
    if (this.#end.signal.aborted || this.#away) return
    this.#away = true
    this.#listeners.tell({ type: 'failed', error: storeError(cause, at, 'no') })
  }
}
