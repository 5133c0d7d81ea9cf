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
import { RefusalLog } from './network/refusals.ts'

/** Collaborators of a process. */
export interface ProcessDeps {
  readonly hub: MemoryHub
  readonly server: RecordingStore
  readonly clock: VirtualRuntime
  readonly recorder: Recorder
  readonly definition: CollectionDefinition<Doc>
  /** The host's network, which outlives the process. */
  readonly network: NetworkState
}

/** One simulated process with one instance. It can crash at any moment and then loses its memory. */
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
    const refusals = new RefusalLog(name, recorder)
    this.#store = new FaultyStore(server.store, (group) => server.commit(group), { network, refusals, time: clock })
    this.#bus = new FaultyBus(memoryBus(hub), network, refusals)
    this.sync = createInstance({ store: this.#store, bus: this.#bus, runtime: this.clock, checkInterval: '2s' })
    this.collection = this.sync.collection(definition, { partition: 'p' })
    this.sync.onEvent((event) => {
      if (event.type === 'epoch' && event.lost) recorder.losses.push({ by: name, at: recorder.tick() })
    })
  }

  get alive(): boolean {
    return this.#alive
  }

  /** Crashes: from now on no timer, message or answer reaches the process. */
  crash(): void {
    this.#alive = false
    this.clock.stop()
    this.#store.disconnect()
    this.#bus.disconnect()
    this.#recorder.crashes.push({ by: this.name, at: this.#recorder.tick() })
  }
}
