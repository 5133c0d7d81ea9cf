import { type Scope, scopeId } from '../model/address.ts'
import type { MemoryBusControls } from './controls.ts'
import { DeliveryFaults } from './delivery-faults.ts'
import type { HubSettings } from './options.ts'
import { SubscriberQueue } from './subscriber-queue.ts'

/** Called when subscribers are disconnected (`true`) and connected again (`false`). */
export type ConnectivityListener = (disconnected: boolean) => void

/** Broker behind all buses of a hub. Delivers frames to subscribers, with the injected faults. */
export class Broker {
  readonly settings: HubSettings
  readonly controls: MemoryBusControls
  readonly #faults: DeliveryFaults
  /** Queues by scope, in the order of subscription. */
  readonly #queuesByScope = new Map<string, Set<SubscriberQueue>>()
  readonly #listeners = new Set<ConnectivityListener>()
  #paused = false
  #interrupted = false
  #unavailable = false

  constructor(settings: HubSettings) {
    this.settings = settings
    const faults = new DeliveryFaults(settings.runtime)
    this.#faults = faults
    this.controls = {
      drop: (n) => faults.failNext('drop', n),
      repeat: (n) => faults.failNext('repeat', n),
      reorder: (n) => faults.failNext('reorder', n),
      setFaultRates: (rates) => faults.setRates(rates),
      delay: (ms, spread) => faults.setDelay(ms, spread),
      pause: () => {
        this.#paused = true
      },
      interrupt: () => this.#setState({ interrupted: true }),
      resume: () => {
        this.#paused = false
        this.#setState({ interrupted: false })
        for (const queue of this.#queues()) queue.scheduleDelivery()
      },
      makeUnavailable: () => this.#setState({ unavailable: true }),
      makeAvailable: () => this.#setState({ unavailable: false }),
    }
  }

  /** Whether publishing fails. */
  get unavailable(): boolean {
    return this.#unavailable
  }

  /** Whether published frames do not reach the subscribers. */
  get disconnected(): boolean {
    return this.#interrupted || this.#unavailable
  }

  /** Subscribes to connection changes. Returns an unsubscribe function. */
  onConnectivity(listener: ConnectivityListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Subscribes to a scope. Returns an unsubscribe function. */
  subscribe(scope: Scope, deliver: (frame: string) => void): () => void {
    const queue = new SubscriberQueue({ runtime: this.settings.runtime, paused: () => this.#paused, deliver })
    const id = scopeId(scope)
    const channel = this.#queuesByScope.get(id) ?? new Set()
    this.#queuesByScope.set(id, channel.add(queue))
    return () => {
      queue.close()
      channel.delete(queue)
      if (channel.size === 0 && this.#queuesByScope.get(id) === channel) this.#queuesByScope.delete(id)
    }
  }

  /** Sends a frame to all subscribers of a scope. */
  publish(scope: Scope, frame: string): void {
    if (this.disconnected) return
    for (const queue of this.#queuesByScope.get(scopeId(scope)) ?? []) {
      const outcome = this.#faults.nextOutcome(!queue.isReordering)
      if (outcome === 'drop') continue
      const ms = this.#faults.nextDelay()
      if (outcome === 'reorder') queue.sendAfterNext(frame, ms)
      else queue.send(frame, ms)
      if (outcome === 'repeat') queue.send(frame, ms)
    }
  }

  #setState(state: { readonly interrupted?: boolean; readonly unavailable?: boolean }): void {
    const before = this.disconnected
    this.#interrupted = state.interrupted ?? this.#interrupted
    this.#unavailable = state.unavailable ?? this.#unavailable
    if (this.disconnected === before) return
    if (this.disconnected) for (const queue of this.#queues()) queue.clear()
    for (const listener of [...this.#listeners]) listener(this.disconnected)
  }

  #queues(): SubscriberQueue[] {
    return [...this.#queuesByScope.values()].flatMap((channel) => [...channel])
  }
}
