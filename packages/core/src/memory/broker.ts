import { type Scope, scopeId } from '../model/address.ts'
import type { MemoryBusControls } from './controls.ts'
import { DeliveryFaults } from './faults.ts'
import { Line } from './line.ts'
import type { HubSettings } from './options.ts'

/** Hears when the subscribers are cut off, and when that is over. */
export type CutListener = (cut: boolean) => void

/** The middle of all buses of a hub: who hears what, and what happens on the way. */
export class Broker {
  readonly settings: HubSettings
  readonly controls: MemoryBusControls
  readonly #faults: DeliveryFaults
  /** By scope: the lines in the order of their subscription. */
  readonly #channels = new Map<string, Set<Line>>()
  readonly #clients = new Set<CutListener>()
  #paused = false
  #interrupted = false
  #away = false

  constructor(settings: HubSettings) {
    this.settings = settings
    const faults = new DeliveryFaults(settings.runtime)
    this.#faults = faults
    this.controls = {
      drop: (n) => faults.add('drop', n),
      repeat: (n) => faults.add('repeat', n),
      reorder: (n) => faults.add('reorder', n),
      chance: (chances) => faults.chance(chances),
      delay: (ms, spread) => faults.delay(ms, spread),
      pause: () => {
        this.#paused = true
      },
      interrupt: () => this.#change({ interrupted: true }),
      resume: () => {
        this.#paused = false
        this.#change({ interrupted: false })
        for (const line of this.#lines()) line.wake()
      },
      away: () => this.#change({ away: true }),
      back: () => this.#change({ away: false }),
    }
  }

  /** Can anything be published? */
  get away(): boolean {
    return this.#away
  }

  /** Does what is published not reach the subscribers? */
  get cut(): boolean {
    return this.#interrupted || this.#away
  }

  /** Tells a client of ups and downs; the returned function ends it. */
  attach(client: CutListener): () => void {
    this.#clients.add(client)
    return () => this.#clients.delete(client)
  }

  /** Opens a line to one more subscriber of a scope; the returned function ends it. */
  subscribe(scope: Scope, deliver: (frame: string) => void): () => void {
    const { runtime, onError } = this.settings
    const line = new Line({
      runtime,
      paused: () => this.#paused,
      deliver(frame) {
        try {
          deliver(frame)
        } catch (error) {
          onError(error)
        }
      },
    })
    const id = scopeId(scope)
    const channel = this.#channels.get(id) ?? new Set()
    this.#channels.set(id, channel.add(line))
    return () => {
      line.close()
      channel.delete(line)
      if (channel.size === 0 && this.#channels.get(id) === channel) this.#channels.delete(id)
    }
  }

  /** Sends a frame to all who hear this scope. */
  publish(scope: Scope, frame: string): void {
    if (this.cut) return
    for (const line of this.#channels.get(scopeId(scope)) ?? []) {
      const fate = this.#faults.fate(!line.swapping)
      if (fate === 'drop') continue
      const ms = this.#faults.travelTime()
      if (fate === 'reorder') line.sendBehindNext(frame, ms)
      else line.send(frame, ms)
      if (fate === 'repeat') line.send(frame, ms)
    }
  }

  #change(state: { readonly interrupted?: boolean; readonly away?: boolean }): void {
    const before = this.cut
    this.#interrupted = state.interrupted ?? this.#interrupted
    this.#away = state.away ?? this.#away
    if (this.cut === before) return
    if (this.cut) for (const line of this.#lines()) line.clear()
    for (const client of [...this.#clients]) client(this.cut)
  }

  #lines(): Line[] {
    return [...this.#channels.values()].flatMap((channel) => [...channel])
  }
}
