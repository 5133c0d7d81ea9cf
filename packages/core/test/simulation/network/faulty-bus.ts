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

/** A process's way to the bus. */
export class FaultyBus implements ChangeBus {
  readonly capabilities: BusCapabilities
  readonly #bus: ChangeBus
  readonly #network: NetworkState
  #cut = false

  constructor(bus: ChangeBus, network: NetworkState) {
    this.capabilities = bus.capabilities
    this.#bus = bus
    this.#network = network
  }

  async publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    if (this.#cut || this.#network.bus === 'mute') return
    this.#refuse()
    await this.#bus.publish(scope, changes)
  }

  async subscribe(scope: Scope, onFrame: FrameHandler, options?: SubscribeOptions): Promise<Subscription> {
    this.#refuse()
    const hear: FrameHandler = (frame, ...more) => {
      if (!this.#cut && this.#network.bus !== 'deaf') onFrame(frame, ...more)
    }
    return this.#bus.subscribe(scope, hear, options)
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    return this.#bus.onStatus((status) => {
      if (!this.#cut) listener(status)
    })
  }

  /** The process ends: the broker notices. */
  cut(): void {
    this.#cut = true
    void this.#bus.close()
  }

  async close(): Promise<void> {
    await this.#bus.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #refuse(): void {
    if (this.#network.bus === 'refused') throw new BusUnavailableError('the bus is away')
  }
}
