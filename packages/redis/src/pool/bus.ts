import {
  type BusCapabilities,
  type BusStatus,
  type ChangeBus,
  type EncodedChange,
  type FrameHandler,
  type InCommitPublisher,
  Listeners,
  type Scope,
  type SubscribeOptions,
  type Subscription,
} from '@sync/core/adapter'
import type { RedisBus } from '../bus/bus.ts'
import type { Pool } from './pool.ts'

/** Buses on several servers as one: each partition lies on one of them. */
export class PooledBus implements ChangeBus {
  readonly capabilities: BusCapabilities
  readonly inCommit: InCommitPublisher
  readonly #pool: Pool<RedisBus>
  readonly #statuses: Listeners<BusStatus>
  readonly #interrupted = new Set<RedisBus>()
  #connected = false
  #closing: Promise<void> | undefined

  constructor(pool: Pool<RedisBus>, onError: (error: unknown) => void) {
    this.#pool = pool
    this.#statuses = new Listeners(onError)
    this.capabilities = pool.main.capabilities
    const { method, maxPayloadBytes, maxFrames } = pool.main.inCommit
    this.inCommit = {
      method,
      maxPayloadBytes,
      ...(maxFrames !== undefined && { maxFrames }),
      serverOf: (partition) => pool.of(partition).inCommit.serverOf(partition),
      destination: (scope) => pool.of(scope.partition).inCommit.destination(scope),
    }
    for (const bus of pool.all) bus.onStatus((status) => this.#heard(bus, status))
  }

  publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    return this.#pool.of(scope.partition).publish(scope, changes)
  }

  subscribe(scope: Scope, onFrame: FrameHandler, options?: SubscribeOptions): Promise<Subscription> {
    return this.#pool.of(scope.partition).subscribe(scope, onFrame, options)
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
    await this.#pool.close()
    this.#statuses.tell('closed')
    this.#statuses.clear()
  }

  /** `interrupted` as long as one of them is. */
  #heard(bus: RedisBus, status: BusStatus): void {
    const before = this.#interrupted.size
    if (status === 'interrupted') {
      this.#interrupted.add(bus)
      if (before === 0) this.#statuses.tell('interrupted')
    } else if (status === 'resumed') {
      this.#interrupted.delete(bus)
      // what was missed there has to be asked for now, though others are still missed
      this.#statuses.tell('resumed')
      if (this.#interrupted.size > 0) this.#statuses.tell('interrupted')
    } else if (status === 'connected' && !this.#connected) {
      this.#connected = true
      this.#statuses.tell('connected')
    }
  }
}
