import { type Collection, createSync, type Definition, type MemoryHub, memoryBus, type Sync } from '@sync/core'
import type { VirtualRuntime } from '@sync/core/testing'
import type { Doc } from './document.ts'
import type { Recorder } from './history.ts'
import { BusWire } from './network/bus-wire.ts'
import { type OwnClock, ownClock } from './network/own-clock.ts'
import type { Server } from './network/server.ts'
import { StoreWire } from './network/store-wire.ts'
import type { Ways } from './network/ways.ts'

/** What a process runs on. */
export interface Machine {
  readonly hub: MemoryHub
  readonly server: Server
  readonly time: VirtualRuntime
  readonly recorder: Recorder
  readonly definition: Definition<Doc>
  /** Outlive the process: they belong to the place where it runs. */
  readonly ways: Ways
}

/** One life of an instance: it may end at any moment, and all that it knew with it. */
export class Process {
  readonly name: string
  readonly sync: Sync
  readonly collection: Collection<Doc>
  readonly clock: OwnClock
  readonly #recorder: Recorder
  readonly #store: StoreWire
  readonly #bus: BusWire
  #alive = true

  constructor(name: string, { hub, server, time, recorder, definition, ways }: Machine) {
    this.name = name
    this.#recorder = recorder
    this.clock = ownClock(time)
    this.#store = new StoreWire(server.store, (group) => server.commit(group), ways, time)
    this.#bus = new BusWire(memoryBus(hub), ways)
    this.sync = createSync({ store: this.#store, bus: this.#bus, runtime: this.clock, checkInterval: '2s' })
    this.collection = this.sync.collection(definition, { partition: 'p' })
    this.sync.onEvent((event) => {
      if (event.type === 'epoch' && event.lost) recorder.losses.push({ by: name, at: recorder.tick() })
    })
  }

  get alive(): boolean {
    return this.#alive
  }

  /** Ends, with its memory: no timer, message or answer reaches it any more. */
  crash(): void {
    this.#alive = false
    this.clock.stop()
    this.#store.cut()
    this.#bus.cut()
    this.#recorder.crashes.push({ by: this.name, at: this.#recorder.tick() })
  }
}
