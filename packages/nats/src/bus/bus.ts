import type { NatsConnection } from '@nats-io/transport-node'
import { AbortedError, ClosedError } from '@sync/core'
import {
  type BusCapabilities,
  type BusStatus,
  type ChangeBus,
  checkScope,
  type EncodedChange,
  type FrameHandler,
  Listeners,
  type Scope,
  type SubscribeOptions,
  type Subscription,
} from '@sync/core/adapter'
import type { Link } from '../connection/link.ts'
import type { Medium } from './medium.ts'
import type { Settings } from './settings.ts'

/** A bus over a line to NATS: what a bus owes its user, whatever carries the frames. */
export class NatsBus implements ChangeBus {
  readonly #link: Link
  readonly #medium: Medium
  readonly #settings: Settings
  readonly #statuses: Listeners<BusStatus>
  readonly #stops = new Set<() => void>()
  readonly #publishing = new Set<Promise<void>>()
  #capabilities: BusCapabilities
  /** What listeners were told last. */
  #told: BusStatus | undefined
  #resuming: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(link: Link, medium: Medium, settings: Settings) {
    this.#link = link
    this.#medium = medium
    this.#settings = settings
    this.#statuses = new Listeners(settings.onError)
    this.#capabilities = Object.freeze(medium.capabilities(undefined))
    link.start({
      up: (connection) => this.#up(connection),
      down: () => this.#tell('interrupted'),
      denied: (error) => medium.denied?.(error),
    })
  }

  get capabilities(): BusCapabilities {
    return this.#capabilities
  }

  async publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    this.#check(scope)
    const sent = this.#link.use((connection) => this.#medium.publish(connection, scope, changes))
    this.#publishing.add(sent)
    try {
      await sent
    } finally {
      this.#publishing.delete(sent)
    }
  }

  async subscribe(scope: Scope, onFrame: FrameHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    this.#check(scope)
    const { signal, after } = options
    const aborted = (): AbortedError =>
      new AbortedError('subscribe: aborted', { cause: signal?.reason, address: scope })
    if (signal?.aborted) throw aborted()
    let ended = false
    const hand: FrameHandler = (frame, offset) => {
      if (ended) return
      try {
        onFrame(frame, offset)
      } catch (error) {
        this.#settings.onError(error)
      }
    }
    let end: (() => void) | undefined
    const stop = async (): Promise<void> => {
      if (ended) return
      ended = true
      signal?.removeEventListener('abort', abort)
      this.#stops.delete(abort)
      end?.()
    }
    const abort = (): void => void stop()
    try {
      end = await this.#link.use(async (connection) => {
        const end = await this.#medium.listen(connection, scope, {
          onFrame: hand,
          after,
          onLoss: () => this.#lost(),
          onDeaf: () => this.#deaf(),
        })
        // nobody waits for it any more
        if (ended) end()
        return end
      })
    } catch (error) {
      ended = true
      throw error
    }
    this.#stops.add(abort)
    signal?.addEventListener('abort', abort)
    if (signal?.aborted || this.#closing) {
      await stop()
      throw signal?.aborted ? aborted() : new ClosedError('the bus is closed', { address: scope })
    }
    return { stop, [Symbol.asyncDispose]: stop }
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    return this.#statuses.add(listener)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    // each of them ends by itself: by its answer, its time-out, or with the connection
    await Promise.allSettled(this.#publishing)
    for (const stop of [...this.#stops]) stop()
    this.#medium.close()
    await this.#link.close()
    this.#told = 'closed'
    this.#statuses.tell('closed')
    this.#statuses.clear()
  }

  #up(connection: NatsConnection): void {
    this.#capabilities = Object.freeze(this.#medium.capabilities(connection.info))
    if (this.#told === undefined) this.#tell('connected')
    else this.#resume()
  }

  /** It counts as up when everything is live again; should the line be lost before, there will be another time. */
  #resume(): void {
    this.#resuming ??= this.#link
      .use((connection) => this.#medium.resume(connection))
      .then(
        () => this.#tell('resumed'),
        () => {},
      )
      .finally(() => {
        this.#resuming = undefined
      })
  }

  /** Somebody hears nothing, though the connection stands. */
  #deaf(): void {
    if (this.#closing) return
    this.#tell('interrupted')
    this.#resume()
  }

  /** Whoever listens asks for what was missed. */
  #lost(): void {
    this.#tell('interrupted')
    this.#tell('resumed')
  }

  #tell(status: BusStatus): void {
    if (this.#closing || this.#told === status) return
    this.#told = status
    this.#statuses.tell(status)
  }

  #check(scope: Scope): void {
    if (this.#closing) throw new ClosedError('the bus is closed', { address: scope })
    checkScope(scope)
  }
}
