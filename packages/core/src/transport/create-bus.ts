import type { Scope } from '../model/address.ts'
import { assertScope } from '../model/assert.ts'
import {
  AbortedError,
  ArgumentError,
  BusUnavailableError,
  ClosedError,
  isSyncError,
  messageOf,
} from '../model/errors.ts'
import type {
  BusCapabilities,
  BusStatus,
  ChangeBus,
  FrameHandler,
  InCommitPublisher,
  SubscribeOptions,
  Subscription,
} from './bus.ts'
import { Listeners, throwUncaught } from './listeners.ts'
import type { EncodedChange } from './wire.ts'

/**
 * Moves frames to and from a broker. `createBus` turns it into a bus, and adds everything that all buses share: argument
 * checks, cancellation, status events, error addresses, and a final `close`.
 */
export interface BusTransport {
  /** Guarantees of the bus. May change when the transport connects. */
  readonly capabilities: BusCapabilities
  /** See `ChangeBus.inCommit`. */
  readonly inCommit?: InCommitPublisher
  /** Starts the transport. Called once, before every other call. */
  start?(onState: (state: TransportState) => void): void
  /** Publishes changes in order, as frames (`encodeFrames`). Resolves at the declared durability point. */
  publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void>
  /**
   * Subscribes to a scope. Resolves to an unsubscribe function once the subscription is live. The bus passes `after`
   * only with `replay: 'from-offset'`.
   */
  subscribe(scope: Scope, onFrame: FrameHandler, after: string | undefined): Promise<Unsubscribe>
  /** Converts an error of the client library. Absent: every such error means that the bus is unavailable. */
  toError?(cause: unknown, call: TransportCall): Error
  /** Ends pending calls and releases the connection. Called once; no frame is delivered from then on. */
  close(): Promise<void>
}

/**
 * Connection state. `up`: every subscription receives every frame. `down`: frames may be lost from now on. `gap`: frames
 * were lost, but delivery continues.
 */
export type TransportState = 'up' | 'down' | 'gap'

/** Ends a subscription. Called once. */
export type Unsubscribe = () => void | Promise<void>

/** The call that an error of the client library belongs to. */
export interface TransportCall {
  readonly operation: 'publish' | 'subscribe'
  readonly scope: Scope
}

/**
 * Creates a bus over a transport.
 * @param options.onError receives errors that frame handlers and status listeners throw; default: rethrows them as
 * uncaught exceptions
 */
export function createBus(
  transport: BusTransport & { readonly inCommit: InCommitPublisher },
  options?: BusHandlers,
): ChangeBus & { readonly inCommit: InCommitPublisher }
export function createBus(transport: BusTransport, options?: BusHandlers): ChangeBus
export function createBus(transport: BusTransport, { onError = throwUncaught }: BusHandlers = {}): ChangeBus {
  return new TransportBus(transport, onError)
}

interface BusHandlers {
  readonly onError?: (error: unknown) => void
}

class TransportBus implements ChangeBus {
  declare readonly inCommit?: InCommitPublisher
  readonly #transport: BusTransport
  readonly #onError: (error: unknown) => void
  readonly #statusListeners: Listeners<BusStatus>
  readonly #stops = new Set<() => Promise<void>>()
  /** The latest status emitted. */
  #status: BusStatus | undefined
  #closing: Promise<void> | undefined

  constructor(transport: BusTransport, onError: (error: unknown) => void) {
    this.#transport = transport
    this.#onError = onError
    this.#statusListeners = new Listeners(onError)
    if (transport.inCommit) this.inCommit = transport.inCommit
    transport.start?.((state) => this.#onState(state))
  }

  get capabilities(): BusCapabilities {
    return this.#transport.capabilities
  }

  async publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    this.#assertOpen(scope)
    try {
      await this.#transport.publish(scope, changes)
    } catch (cause) {
      throw this.#toError(cause, { operation: 'publish', scope })
    }
  }

  async subscribe(
    scope: Scope,
    onFrame: FrameHandler,
    { signal, after }: SubscribeOptions = {},
  ): Promise<Subscription> {
    this.#assertOpen(scope)
    const { replay } = this.capabilities
    if (after !== undefined && replay !== 'from-offset')
      throw new ArgumentError(`after: expected no offset, because this bus has replay: '${replay}'`, { address: scope })
    const throwIfStopped = (): void => {
      if (signal?.aborted) throw new AbortedError('subscribe was aborted', { cause: signal.reason, address: scope })
      if (this.#closing) throw closedError(scope)
    }
    throwIfStopped()
    let stopped = false
    const deliver: FrameHandler = (frame, offset) => {
      if (stopped || this.#closing) return
      try {
        onFrame(frame, offset)
      } catch (error) {
        this.#onError(error)
      }
    }
    const unsubscribe = await this.#transport.subscribe(scope, deliver, after).catch((cause: unknown) => {
      stopped = true
      throw this.#toError(cause, { operation: 'subscribe', scope })
    })
    const stop = async (): Promise<void> => {
      if (stopped) return
      stopped = true
      signal?.removeEventListener('abort', abort)
      this.#stops.delete(stop)
      await unsubscribe()
    }
    const abort = (): void => void stop().catch(this.#onError)
    signal?.addEventListener('abort', abort)
    this.#stops.add(stop)
    try {
      throwIfStopped()
    } catch (error) {
      await stop()
      throw error
    }
    return { stop, [Symbol.asyncDispose]: stop }
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    return this.#statusListeners.add(listener)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    // a connection that is lost does not keep the bus open
    const stopped = Promise.allSettled([...this.#stops].map((stop) => stop()))
    await this.#transport.close()
    await stopped
    this.#statusListeners.emit('closed')
    this.#statusListeners.clear()
  }

  #onState(state: TransportState): void {
    if (state !== 'up') this.#setStatus('interrupted')
    if (state !== 'down') this.#setStatus(this.#status === undefined ? 'connected' : 'resumed')
  }

  #setStatus(status: BusStatus): void {
    if (this.#closing) return
    if (status === 'interrupted' ? !isLive(this.#status) : isLive(this.#status)) return
    this.#status = status
    this.#statusListeners.emit(status)
  }

  #toError(cause: unknown, call: TransportCall): Error {
    if (isSyncError(cause)) return cause
    if (this.#closing) return closedError(call.scope, cause)
    const error = this.#transport.toError?.(cause, call)
    return (
      error ?? new BusUnavailableError(`${call.operation} failed: ${messageOf(cause)}`, { address: call.scope, cause })
    )
  }

  #assertOpen(scope: Scope): void {
    if (this.#closing) throw closedError(scope)
    assertScope(scope)
  }
}

const isLive = (status: BusStatus | undefined): boolean => status === 'connected' || status === 'resumed'
const closedError = (address: Scope, cause?: unknown): ClosedError =>
  new ClosedError('the bus is closed', { address, cause })
