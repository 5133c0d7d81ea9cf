import { BusUnavailableError, type ChangeBus } from '@sync/core'
import type {
  BusCapabilities,
  BusStatus,
  EncodedChange,
  FrameHandler,
  Scope,
  SubscribeOptions,
  Subscription,
} from '@sync/core/adapter'
import type { NetworkState } from './network-state.ts'
import { assertAllowed, type RefusalLog } from './refusals.ts'

/** A process's connection to the bus, with faults. */
export class FaultyBus implements ChangeBus {
  readonly capabilities: BusCapabilities
  readonly #bus: ChangeBus
  readonly #network: NetworkState
  readonly #refusals: RefusalLog
  #disconnected = false

  constructor(bus: ChangeBus, network: NetworkState, refusals: RefusalLog) {
    this.capabilities = bus.capabilities
    this.#bus = bus
    this.#network = network
    this.#refusals = refusals
  }

  async publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    if (this.#disconnected || this.#network.bus === 'no send') return
    this.#assertAvailable()
    await this.#refusals.record(assertAllowed(this.#network, 'publish'))
    await this.#bus.publish(scope, changes)
  }

  async subscribe(scope: Scope, onFrame: FrameHandler, options?: SubscribeOptions): Promise<Subscription> {
    this.#assertAvailable()
    const deliver: FrameHandler = (frame, ...more) => {
      if (!this.#disconnected && this.#network.bus !== 'no receive') onFrame(frame, ...more)
    }
    return this.#bus.subscribe(scope, deliver, options)
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    return this.#bus.onStatus((status) => {
      if (!this.#disconnected) listener(status)
    })
  }

  /** Disconnects when the process crashes. Unlike a network fault, the broker detects it. */
  disconnect(): void {
    this.#disconnected = true
    void this.#bus.close()
  }

  async close(): Promise<void> {
    await this.#bus.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #assertAvailable(): void {
    if (this.#network.bus === 'unavailable') throw new BusUnavailableError('the bus is unavailable')
  }
}
