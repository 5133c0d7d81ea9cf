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
import type { PartitionRouter } from './partition-router.ts'

/** A bus on one server or cluster. */
type RedisBus = ChangeBus & { readonly inCommit: InCommitPublisher }

/** Combines buses on several servers into one. Each partition is on one of them. */
export class PartitionedBus implements ChangeBus {
  readonly capabilities: BusCapabilities
  readonly inCommit: InCommitPublisher
  readonly #router: PartitionRouter<RedisBus>
  readonly #statusListeners: Listeners<BusStatus>
  readonly #interrupted = new Set<RedisBus>()
  #connected = false
  #closing: Promise<void> | undefined

  constructor(router: PartitionRouter<RedisBus>, onError: (error: unknown) => void) {
    this.#router = router
    this.#statusListeners = new Listeners(onError)
    this.capabilities = router.main.capabilities
    const { method, maxPayloadBytes, maxFrames } = router.main.inCommit
    this.inCommit = {
      method,
      maxPayloadBytes,
      ...(maxFrames !== undefined && { maxFrames }),
      serverFor: (partition) => router.memberFor(partition).inCommit.serverFor(partition),
      destination: (scope) => router.memberFor(scope.partition).inCommit.destination(scope),
    }
    for (const bus of router.all) bus.onStatus((status) => this.#onMemberStatus(bus, status))
  }

  publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    return this.#router.memberFor(scope.partition).publish(scope, changes)
  }

  subscribe(scope: Scope, onFrame: FrameHandler, options?: SubscribeOptions): Promise<Subscription> {
    return this.#router.memberFor(scope.partition).subscribe(scope, onFrame, options)
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
    await this.#router.close()
    this.#statusListeners.emit('closed')
    this.#statusListeners.clear()
  }

  /** The combined status is `interrupted` while any member is. */
  #onMemberStatus(bus: RedisBus, status: BusStatus): void {
    const before = this.#interrupted.size
    if (status === 'interrupted') {
      this.#interrupted.add(bus)
      if (before === 0) this.#statusListeners.emit('interrupted')
    } else if (status === 'resumed') {
      this.#interrupted.delete(bus)
      // instances must check that member's sections now, even though other members are still interrupted
      this.#statusListeners.emit('resumed')
      if (this.#interrupted.size > 0) this.#statusListeners.emit('interrupted')
    } else if (status === 'connected' && !this.#connected) {
      this.#connected = true
      this.#statusListeners.emit('connected')
    }
  }
}
