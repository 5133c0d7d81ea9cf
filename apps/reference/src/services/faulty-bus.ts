import type { ChangeBus, SectionRef } from '@sync/core'
import type { BusCapabilities, FrameHandler, InCommitPublisher, Scope, Subscription } from '@sync/core/adapter'
import type { NetworkFault } from './network-fault.ts'

const sectionId = ({ partition, section }: SectionRef): string => JSON.stringify([partition, section])

/** Wraps a bus so that frames to this instance can be lost, repeated and delayed. Publishing is not affected. */
export class FaultyBus implements ChangeBus {
  readonly inCommit?: InCommitPublisher
  readonly onFailure?: NonNullable<ChangeBus['onFailure']>
  readonly #bus: ChangeBus
  readonly #random: () => number
  /** Frames that are held back, by section. */
  readonly #heldBack = new Map<string, (() => void)[]>()
  #fault: NetworkFault = {}

  constructor(bus: ChangeBus, random: () => number) {
    this.#bus = bus
    this.#random = random
    if (bus.inCommit) this.inCommit = bus.inCommit
    if (bus.onFailure) this.onFailure = (listener) => bus.onFailure?.(listener) ?? (() => undefined)
  }

  /** The wrapped bus's current capabilities, except for the guarantees that the faults break. */
  get capabilities(): BusCapabilities {
    return { ...this.#bus.capabilities, delivery: 'at-most-once', ordering: 'none', replay: 'none' }
  }

  /** Sets the active faults; `{}` for none. */
  setFault(fault: NetworkFault): void {
    this.#fault = fault
  }

  /** Holds back a section's frames. Returns a function that delivers them in order. */
  holdBack(section: SectionRef): () => void {
    const id = sectionId(section)
    const queue: (() => void)[] = []
    this.#heldBack.set(id, queue)
    return () => {
      if (this.#heldBack.get(id) === queue) this.#heldBack.delete(id)
      for (const deliver of queue.splice(0)) deliver()
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
    const delayTimers = new Set<NodeJS.Timeout>()
    let live = true
    const subscription = await this.#bus.subscribe(
      scope,
      (frame) => this.#onFrame(scope, () => live && onFrame(frame), delayTimers),
      options,
    )
    const stop = async (): Promise<void> => {
      await subscription.stop()
      live = false
      for (const timer of delayTimers) clearTimeout(timer)
    }
    return { stop, [Symbol.asyncDispose]: stop }
  }

  #onFrame(scope: SectionRef, deliver: () => void, delayTimers: Set<NodeJS.Timeout>): void {
    const queue = this.#heldBack.get(sectionId(scope))
    if (queue) queue.push(() => this.#deliverWithFaults(deliver, delayTimers))
    else this.#deliverWithFaults(deliver, delayTimers)
  }

  #deliverWithFaults(deliver: () => void, delayTimers: Set<NodeJS.Timeout>): void {
    const { drop = 0, repeat = 0, delayMs = 0, cut = false } = this.#fault
    if (cut || this.#random() < drop) return
    const times = this.#random() < repeat ? 2 : 1
    for (let i = 0; i < times; i++) {
      if (delayMs === 0) {
        deliver()
        continue
      }
      const timer = setTimeout(() => {
        delayTimers.delete(timer)
        deliver()
      }, delayMs)
      delayTimers.add(timer)
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

/** Wraps a bus for fault injection. No fault is active at first. */
export const withNetworkFaults = (bus: ChangeBus, random: () => number = Math.random): FaultyBus =>
  new FaultyBus(bus, random)
