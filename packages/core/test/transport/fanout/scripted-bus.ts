import { scopeId } from '../../../src/model/address.ts'
import type {
  BusCapabilities,
  BusStatus,
  ChangeBus,
  FrameHandler,
  SubscribeOptions,
  Subscription,
} from '../../../src/transport/bus.ts'
import { encodeFrames } from '../../../src/transport/frames.ts'
import type { EncodedChange } from '../../../src/transport/wire.ts'

/** The outcome of the next calls: they work, remain unanswered, or reject. */
type Script = 'works' | 'hangs' | Error

/** A bus that follows a script and records its calls. */
export class ScriptedBus implements ChangeBus {
  readonly capabilities: BusCapabilities
  publishing: Script = 'works'
  subscribing: Script = 'works'
  stopping: Script = 'works'
  /** The sequences of each `publish` call. */
  readonly calls: number[][] = []
  subscribes = 0
  closes = 0
  readonly #handlers = new Map<FrameHandler, string>()
  readonly #listeners = new Set<(status: BusStatus) => void>()
  #held: PromiseWithResolvers<void>[] = []

  constructor(capabilities: Partial<BusCapabilities> = {}) {
    this.capabilities = {
      delivery: 'at-least-once',
      replay: 'none',
      ordering: 'per-section',
      durability: 'synced',
      whenDown: 'reject',
      live: 'at-once',
      echo: true,
      maxPayloadBytes: 1_000_000,
      ...capabilities,
    }
  }

  get subscriptions(): number {
    return this.#handlers.size
  }

  async publish(scope: { partition: string; section: string }, changes: readonly EncodedChange[]): Promise<void> {
    this.calls.push(changes.map(({ sequence }) => sequence))
    await this.#follow(this.publishing)
    for (const { text } of encodeFrames(changes, this.capabilities.maxPayloadBytes)) {
      for (const [handler, id] of this.#handlers) if (id === scopeId(scope)) handler(text, 'an offset')
    }
  }

  async subscribe(
    scope: { partition: string; section: string },
    handler: FrameHandler,
    { signal }: SubscribeOptions = {},
  ): Promise<Subscription> {
    this.subscribes++
    await this.#follow(this.subscribing)
    signal?.throwIfAborted()
    this.#handlers.set(handler, scopeId(scope))
    const stop = async (): Promise<void> => {
      await this.#follow(this.stopping)
      this.#handlers.delete(handler)
    }
    return { stop, [Symbol.asyncDispose]: stop }
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  emit(status: BusStatus): void {
    for (const listener of this.#listeners) listener(status)
  }

  /** Delivers a frame to every handler. */
  deliver(frame: string): void {
    for (const handler of this.#handlers.keys()) handler(frame)
  }

  /** Resolves the unanswered calls, or rejects them with `error`. */
  answer(error?: Error): void {
    for (const call of this.#held.splice(0)) {
      if (error) call.reject(error)
      else call.resolve()
    }
  }

  async close(): Promise<void> {
    this.closes++
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #follow(script: Script): Promise<void> {
    if (script instanceof Error) throw script
    if (script !== 'hangs') return
    const call = Promise.withResolvers<void>()
    this.#held.push(call)
    await call.promise
  }
}
