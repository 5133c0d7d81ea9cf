import {
  type Collection,
  type CollectionDefinition,
  createInstance,
  type MemoryHub,
  memoryBus,
  type SyncInstance,
} from '@sync/core'
import type { VirtualRuntime } from '@sync/core/testing'
import type { Doc } from './document.ts'
import type { Recorder } from './history.ts'
import { FaultyBus } from './network/faulty-bus.ts'
import { FaultyStore } from './network/faulty-store.ts'
import type { NetworkState } from './network/network-state.ts'
import { createProcessClock, type ProcessClock } from './network/process-clock.ts'
import type { RecordingStore } from './network/recording-store.ts'

/** What a process runs on. */
export interface ProcessDeps {
  readonly hub: MemoryHub
  readonly server: RecordingStore
  readonly clock: VirtualRuntime
  readonly recorder: Recorder
  readonly definition: CollectionDefinition<Doc>
  /** Outlive the process: they belong to the place where it runs. */
  readonly network: NetworkState
}

/** One life of an instance: it may end at any moment, and all that it knew with it. */
export class Process {
  readonly name: string
  readonly sync: SyncInstance
  readonly collection: Collection<Doc>
  readonly clock: ProcessClock
  readonly #recorder: Recorder
  readonly #store: FaultyStore
  readonly #bus: FaultyBus
  #alive = true

  constructor(name: string, { hub, server, clock, recorder, definition, network }: ProcessDeps) {
    this.name = name
    this.#recorder = recorder
    this.clock = createProcessClock(clock)
    this.#store = new FaultyStore(server.store, (group) => server.commit(group), network, clock)
    this.#bus = new FaultyBus(memoryBus(hub), network)
    this.sync = createInstance({ store: this.#store, bus: this.#bus, runtime: this.clock, checkInterval: '2s' })
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
