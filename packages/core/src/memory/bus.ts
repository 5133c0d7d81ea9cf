import type { Scope } from '../model/address.ts'
import { BusUnavailableError } from '../model/errors.ts'
import type { BusCapabilities, ChangeBus, FrameHandler } from '../transport/bus.ts'
import { type BusTransport, createBus, type TransportState, type Unsubscribe } from '../transport/create-bus.ts'
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
  const { broker } = hubParts(hub)
  return createBus(new MemoryTransport(broker), { onError: broker.settings.onError })
}

class MemoryTransport implements BusTransport {
  readonly capabilities: BusCapabilities
  readonly #broker: Broker
  #detach: (() => void) | undefined

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
  }

  start(onState: (state: TransportState) => void): void {
    const report = (disconnected: boolean): void => onState(disconnected ? 'down' : 'up')
    this.#detach = this.#broker.onConnectivity(report)
    // Emitted in a microtask, so that the creator can add its listeners first.
    queueMicrotask(() => report(this.#broker.disconnected))
  }

  async publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    if (this.#broker.unavailable) throw new BusUnavailableError('the bus is unavailable', { address: scope })
    for (const { text } of encodeFrames(changes, this.capabilities.maxPayloadBytes)) this.#broker.publish(scope, text)
  }

  async subscribe(scope: Scope, onFrame: FrameHandler): Promise<Unsubscribe> {
    if (this.#broker.disconnected) throw new BusUnavailableError('the bus is unavailable', { address: scope })
    return this.#broker.subscribe(scope, onFrame)
  }

  async close(): Promise<void> {
    this.#detach?.()
  }
}
