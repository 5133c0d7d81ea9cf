import type { ChangeBus } from '@sync/core'
import type { BusCapabilities, FrameHandler, InCommitPublisher, Scope, Subscription } from '@sync/core/adapter'
import type { Disturbance } from './disturbance.ts'

/** Another bus, behind which frames to this instance can be lost, repeated and delayed. What it publishes goes out as ever. */
export class DisturbedBus implements ChangeBus {
  readonly inCommit?: InCommitPublisher
  readonly onFailure?: NonNullable<ChangeBus['onFailure']>
  readonly #bus: ChangeBus
  readonly #random: () => number
  #now: Disturbance = {}

  constructor(bus: ChangeBus, random: () => number) {
    this.#bus = bus
    this.#random = random
    if (bus.inCommit) this.inCommit = bus.inCommit
    if (bus.onFailure) this.onFailure = (listener) => bus.onFailure?.(listener) ?? (() => undefined)
  }

  /** Those of the bus now, but for what its instance has to expect here. */
  get capabilities(): BusCapabilities {
    return { ...this.#bus.capabilities, delivery: 'at-most-once', ordering: 'none', replay: 'none' }
  }

  /** From now on; `{}` ends it. */
  disturb(disturbance: Disturbance): void {
    this.#now = disturbance
  }

  publish(...call: Parameters<ChangeBus['publish']>): Promise<void> {
    return this.#bus.publish(...call)
  }

  async subscribe(
    scope: Scope,
    onFrame: FrameHandler,
    options?: Parameters<ChangeBus['subscribe']>[2],
  ): Promise<Subscription> {
    const late = new Set<NodeJS.Timeout>()
    const subscription = await this.#bus.subscribe(scope, (frame) => this.#pass(() => onFrame(frame), late), options)
    const stop = async (): Promise<void> => {
      await subscription.stop()
      for (const timer of late) clearTimeout(timer)
    }
    return { stop, [Symbol.asyncDispose]: stop }
  }

  #pass(deliver: () => void, late: Set<NodeJS.Timeout>): void {
    const { drop = 0, repeat = 0, delayMs = 0, cut = false } = this.#now
    if (cut || this.#random() < drop) return
    const times = this.#random() < repeat ? 2 : 1
    for (let i = 0; i < times; i++) {
      if (delayMs === 0) {
        deliver()
        continue
      }
      const timer = setTimeout(() => {
        late.delete(timer)
        deliver()
      }, delayMs)
      late.add(timer)
    }
  }

  onStatus(listener: Parameters<ChangeBus['onStatus']>[0]): () => void {
    return this.#bus.onStatus(listener)
  }

  close(): Promise<void> {
    return this.#bus.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** Puts a bus behind disturbances, of which there are none yet. */
export const disturbed = (bus: ChangeBus, random: () => number = Math.random): DisturbedBus =>
  new DisturbedBus(bus, random)
