import { setTimeout as pause } from 'node:timers/promises'
import { connect } from '@sync/config'
import {
  ClosedError,
  type Collection,
  type CollectionDefinition,
  defineCollection,
  type Position,
  type SyncInstance,
} from '@sync/core'
import type { Recorder } from './recorder.ts'

/** A counter that all instances increment. `by` names the last writer; `at` is when its write began, in ms on this process's clock. */
export interface Counter {
  n: number
  by: string
  at: number
}

/** Collection of the counters. Every instance replicates all of them. */
export const counters: CollectionDefinition<Counter> = defineCollection<Counter>({
  section: 'counter',
  ttl: 'never',
  replicate: 'all',
})

export const PARTITION = 'fleet'

/** Keys of the counters. */
export const KEYS: readonly string[] = Array.from({ length: 12 }, (_, n) => `counter-${n}`)

/** Pause of a writer between two writes, in ms. */
const WRITE_INTERVAL_MS = 5

/** Options of one instance of the fleet. */
export interface FleetInstanceOptions {
  readonly name: string
  readonly store: string
  readonly bus: string | readonly string[]
  readonly recorder: Recorder
  /** A reader never writes, so it does not learn about missed changes from conflicts. */
  readonly role: 'writer' | 'reader'
  /** Position after which the change stream resumes: where this instance's previous run ended. */
  readonly after?: Position | undefined
}

/** One instance of the fleet, from start to end. It watches all counters throughout, and a writer increments them. */
export class FleetInstance {
  readonly #sync: SyncInstance
  readonly #options: FleetInstanceOptions
  readonly #docs: Collection<Counter>
  readonly #writing: Promise<void>
  readonly #watching: Promise<void>
  #position: Position | undefined
  #stopped = false

  private constructor(options: FleetInstanceOptions, sync: SyncInstance, docs: Collection<Counter>) {
    this.#options = options
    this.#sync = sync
    this.#docs = docs
    this.#position = options.after
    this.#writing = options.role === 'writer' ? this.#write() : Promise.resolve()
    this.#watching = untilClosed(this.#watch())
  }

  static async start(options: FleetInstanceOptions): Promise<FleetInstance> {
    const { store, bus, name, recorder } = options
    // A change that the bus does not carry must show as missing: long windows keep the store from repairing it.
    const sync = await connect({ store, bus, reorderWindow: '5m', checkInterval: '5m' })
    sync.onEvent((event) => {
      const problemEvents = [
        'gap',
        'inconsistent',
        'patch-rejected',
        'frame-rejected',
        'publish-failed',
        'epoch',
        'error',
      ]
      if (problemEvents.includes(event.type)) recorder.problems.push(`${name}: ${event.type} ${JSON.stringify(event)}`)
    })
    const docs = sync.collection(counters, { partition: PARTITION })
    await Promise.all(KEYS.map((key) => docs.create(key, { n: 0, by: '', at: 0 })))
    await docs.ready()
    return new FleetInstance(options, sync, docs)
  }

  get name(): string {
    return this.#options.name
  }

  get role(): FleetInstanceOptions['role'] {
    return this.#options.role
  }

  /** Position of the latest change from the stream. */
  get position(): Position | undefined {
    return this.#position
  }

  /** Returns the cached value of a counter. */
  value(key: string): Counter | undefined {
    return this.#docs.peek(key)
  }

  /** Stops writing. Resolves when the write in progress has settled. */
  stopWriting(): Promise<void> {
    this.#stopped = true
    return this.#writing
  }

  /** Resolves when all committed changes have been published. */
  flush(): Promise<void> {
    return this.#sync.flush()
  }

  /** Shuts down gracefully: finishes the write in progress, then closes the instance. */
  async end(): Promise<void> {
    await this.stopWriting()
    await this.#sync.close()
    await this.#watching
  }

  async #write(): Promise<void> {
    const { name, recorder } = this.#options
    for (let writes = 0; !this.#stopped; writes++) {
      const key = KEYS[writes % KEYS.length] ?? ''
      const at = performance.now()
      const increment = this.#docs.update(key, (counter) => {
        counter.n++
        counter.by = name
        counter.at = at
      })
      await increment.then(
        ({ version }) => recorder.recordWrite(key, version),
        (error: unknown) => recorder.problems.push(`${name}: a write failed: ${error}`),
      )
      await pause(WRITE_INTERVAL_MS)
    }
  }

  async #watch(): Promise<void> {
    const { name, recorder, after } = this.#options
    for (const key of KEYS) {
      this.#docs.subscribe(key, (change) => {
        if (change.kind !== 'changed') return
        const { n, by, at } = change.value
        if (by !== name) recorder.recordLatency(performance.now() - at)
        // the counter starts at 0 with version 1, and each later version adds one
        if (n !== change.version - 1)
          recorder.problems.push(
            `${name}: expected ${key} to be ${change.version - 1} at version ${change.version}, got ${n}`,
          )
      })
    }
    for await (const batch of this.#docs.changes({ combine: false, from: after ? { after } : 'now' })) {
      for (const { key, version, position, kind } of batch) {
        if (kind === 'reset' || kind === 'removed') recorder.problems.push(`${name}: unexpected ${kind} of ${key}`)
        recorder.recordChange(name, key, version)
        this.#position = position
      }
    }
  }
}

/** Resolves when the work ends because its instance was closed. */
async function untilClosed(work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof ClosedError)) throw error
  })
}
