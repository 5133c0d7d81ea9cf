import type { Scope } from '../model/address.ts'
import { assertScope } from '../model/assert.ts'
import { AbortedError, ArgumentError, BusUnavailableError, ClosedError } from '../model/errors.ts'
import { runInMicrotask } from '../model/run-in-microtask.ts'
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
 * Creates a bus within this process. Frames go to the subscribers of exactly their scope, including the publisher's
 * own, in the order of publication and after the `publish` call returns. The bus retains nothing.
 *
 * Each call creates an independent client of `hub` (default: a new hub). Closing the client leaves the hub open. After
 * `close` all calls reject with `SYNC_CLOSED`.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if `hub` was not created by `createMemoryHub`
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
    this.#detach = broker.onConnectivity((disconnected) => this.#onConnectivity(disconnected))
    // Emitted in a microtask, so that the creator can add its listeners first.
    runInMicrotask(() => {
      if (!this.#closed && !this.#connected) this.#onConnectivity(broker.disconnected)
    })
  }

  async publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    this.#assertUsable(scope)
    if (this.#broker.unavailable) throw new BusUnavailableError('the bus is unavailable', { address: scope })
    for (const { text } of encodeFrames(changes, this.capabilities.maxPayloadBytes)) this.#broker.publish(scope, text)
  }

  async subscribe(scope: Scope, onFrame: FrameHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    this.#assertUsable(scope)
    const { signal, after } = options
    if (after !== undefined)
      throw new ArgumentError('after: expected no offset, because this bus retains no frames', { address: scope })
    if (signal?.aborted) throw new AbortedError('subscribe: aborted', { cause: signal.reason, address: scope })
    if (this.#broker.disconnected) throw new BusUnavailableError('the bus is unavailable', { address: scope })
    const unsubscribe = this.#broker.subscribe(scope, this, (frame) => onFrame(frame))
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
    // Each call creates its own registration, also for a function that is already registered.
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

  #onConnectivity(disconnected: boolean): void {
    if (this.#connected) this.#emit(disconnected ? 'interrupted' : 'resumed')
    else if (!disconnected) {
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
