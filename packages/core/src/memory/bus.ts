import type { Scope } from '../model/address.ts'
import { assertScope } from '../model/assert.ts'
import { AbortedError, ArgumentError, BusUnavailableError, ClosedError } from '../model/errors.ts'
import type {
  BusCapabilities,
  BusStatus,
  ChangeBus,
  FrameHandler,
  SubscribeOptions,
  Subscription,
} from '../transport/bus.ts'
import { encodeFrames } from '../transport/frames.ts'
import type { EncodedChange } from '../transport/wire.ts'
import type { Broker } from './broker.ts'
import { createMemoryHub, hubParts, type MemoryHub } from './hub.ts'

/**
 * A bus within this process: what is published comes to the subscribers of that very scope, to the publisher's own too, in the
 * order of publication, after the call that published it. Nothing is kept for later.
 * Every call makes an independent client of the hub (default: a hub of its own); closing it leaves the hub.
 *
 * After `close` its calls reject with `SYNC_CLOSED`.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if `hub` was not made by `createMemoryHub`
 */
export function memoryBus(hub: MemoryHub = createMemoryHub()): ChangeBus {
  return new MemoryBus(hubParts(hub).broker)
}

class MemoryBus implements ChangeBus {
  readonly capabilities: BusCapabilities
  readonly #broker: Broker
  readonly #listeners = new Set<(status: BusStatus) => void>()
  readonly #activeStops = new Set<() => void>()
  readonly #detach: () => void
  #closed = false
  #connected = false

  constructor(broker: Broker) {
    this.#broker = broker
    this.capabilities = Object.freeze({
      delivery: 'at-most-once',
      replay: 'none',
      ordering: 'per-section',
      durability: 'sent',
      whenDown: 'reject',
      live: 'at-once',
      echo: true,
      maxPayloadBytes: broker.settings.maxPayloadBytes,
    })
    this.#detach = broker.onConnectivity((cut) => this.#onConnectivity(cut))
    // not before its maker could begin to listen
    queueMicrotask(() => {
      if (!this.#closed && !this.#connected) this.#onConnectivity(broker.disconnected)
    })
  }

  async publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    this.#assertUsable(scope)
    if (this.#broker.unavailable) throw new BusUnavailableError('the bus is away', { address: scope })
    for (const { text } of encodeFrames(changes, this.capabilities.maxPayloadBytes)) this.#broker.publish(scope, text)
  }

  async subscribe(scope: Scope, onFrame: FrameHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    this.#assertUsable(scope)
    const { signal, after } = options
    if (after !== undefined) throw new ArgumentError('after: this bus keeps nothing to begin from', { address: scope })
    if (signal?.aborted) throw new AbortedError('subscribe: aborted', { cause: signal.reason, address: scope })
    if (this.#broker.disconnected) throw new BusUnavailableError('the bus is away', { address: scope })
    const unsubscribe = this.#broker.subscribe(scope, (frame) => onFrame(frame))
    const stop = (): void => {
      unsubscribe()
      this.#activeStops.delete(stop)
      signal?.removeEventListener('abort', stop)
    }
    this.#activeStops.add(stop)
    signal?.addEventListener('abort', stop)
    return {
      stop: async () => stop(),
      [Symbol.asyncDispose]: async () => stop(),
    }
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    // each call is a registration of its own, also of a function that is registered already
    const registration = (status: BusStatus): void => listener(status)
    this.#listeners.add(registration)
    return () => this.#listeners.delete(registration)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#detach()
    for (const stop of [...this.#activeStops]) stop()
    this.#emit('closed')
    this.#listeners.clear()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #assertUsable(scope: Scope): void {
    if (this.#closed) throw new ClosedError('the bus is closed', { address: scope })
    assertScope(scope)
  }

  #onConnectivity(cut: boolean): void {
    if (this.#connected) this.#emit(cut ? 'interrupted' : 'resumed')
    else if (!cut) {
      this.#connected = true
      this.#emit('connected')
    }
  }

  #emit(status: BusStatus): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(status)
      } catch (error) {
        this.#broker.settings.onError(error)
      }
    }
  }
}
