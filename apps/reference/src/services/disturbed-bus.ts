import type { ChangeBus, SectionRef } from '@sync/core'
import type { BusCapabilities, FrameHandler, InCommitPublisher, Scope, Subscription } from '@sync/core/adapter'
import type { Disturbance } from './disturbance.ts'

const idOf = ({ partition, section }: SectionRef): string => JSON.stringify([partition, section])

/** Another bus, behind which frames to this instance can be lost, repeated and delayed. What it publishes goes out as ever. */
export class DisturbedBus implements ChangeBus {
  readonly inCommit?: InCommitPublisher
  readonly onFailure?: NonNullable<ChangeBus['onFailure']>
  readonly #bus: ChangeBus
  readonly #random: () => number
  /** By section: what is kept back of it. */
  readonly #withheld = new Map<string, (() => void)[]>()
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

  /** Keeps back the frames of a section until the returned function hands them over, in order. */
  withhold(section: SectionRef): () => void {
    const id = idOf(section)
    const kept: (() => void)[] = []
    this.#withheld.set(id, kept)
    return () => {
      if (this.#withheld.get(id) === kept) this.#withheld.delete(id)
      for (const deliver of kept.splice(0)) deliver()
    }
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
    let live = true
    const subscription = await this.#bus.subscribe(
      scope,
      (frame) => this.#arrive(scope, () => live && onFrame(frame), late),
      options,
    )
    const stop = async (): Promise<void> => {
      await subscription.stop()
      live = false
      for (const timer of late) clearTimeout(timer)
    }
    return { stop, [Symbol.asyncDispose]: stop }
  }

  #arrive(scope: SectionRef, deliver: () => void, late: Set<NodeJS.Timeout>): void {
    const kept = this.#withheld.get(idOf(scope))
    if (kept) kept.push(() => this.#pass(deliver, late))
    else this.#pass(deliver, late)
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
