import type { ChangeBus } from '@sync/core'
import type { BusCapabilities, FrameHandler, InCommitPublisher, Scope, Subscription } from '@sync/core/adapter'

/** What happens to frames on their way to one instance. */
export interface Disturbance {
  /** The share that is lost, 0 … 1. */
  readonly drop?: number
  /** The share that comes twice, 0 … 1. */
  readonly repeat?: number
  /** Milliseconds that each takes longer. */
  readonly delayMs?: number
  /** Nothing comes through, and nobody says so. */
  readonly cut?: boolean
}

/** Another bus, behind which frames to this instance can be lost, repeated and delayed. What it publishes goes out as ever. */
export class DisturbedBus implements ChangeBus {
  readonly capabilities: BusCapabilities
  readonly inCommit?: InCommitPublisher
  readonly #bus: ChangeBus
  readonly #random: () => number
  #now: Disturbance = {}

  constructor(bus: ChangeBus, random: () => number) {
    this.#bus = bus
    this.#random = random
    if (bus.inCommit) this.inCommit = bus.inCommit
    // what the instance has to expect from now on
    this.capabilities = { ...bus.capabilities, delivery: 'at-most-once', replay: 'none' }
  }

  /** From now on; `{}` ends it. */
  disturb(disturbance: Disturbance): void {
    this.#now = disturbance
  }

  /** What is done now. */
  get disturbance(): Disturbance {
    return this.#now
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
      if (delayMs === 0 && late.size === 0) {
        deliver()
        continue
      }
      // what came later must not overtake what still waits
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
