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

/** A counter that all increment; who did it last, and when that was begun, in ms on this process's clock. */
export interface Counter {
  n: number
  by: string
  at: number
}

/** All of them are held by every instance. */
export const counters: CollectionDefinition<Counter> = defineCollection<Counter>({
  section: 'counter',
  ttl: 'never',
  replicate: 'all',
})

export const PARTITION = 'fleet'

/** What is incremented. */
export const KEYS: readonly string[] = Array.from({ length: 12 }, (_, n) => `counter-${n}`)

/** About how long a writer rests between two writes, in ms. */
const WRITE_INTERVAL_MS = 5

/** How an instance is started. */
export interface FleetInstanceOptions {
  readonly name: string
  readonly store: string
  readonly bus: string | readonly string[]
  readonly recorder: Recorder
  /** One that writes learns of what it has missed by its conflicts, too. */
  readonly role: 'writer' | 'reader'
  /** Where the one before it left off. */
  readonly after?: Position | undefined
}

/** One instance of the fleet, as it is from a start to its end: writes and watches all the while. */
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
    // what a bus does not carry is to be seen missing: the store is not asked for it
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

  /** How far its stream has got. */
  get position(): Position | undefined {
    return this.#position
  }

  /** What it shows of a document. */
  value(key: string): Counter | undefined {
    return this.#docs.peek(key)
  }

  /** No more is written from here; resolves when what was begun is done. */
  stopWriting(): Promise<void> {
    this.#stopped = true
    return this.#writing
  }

  /** Resolves when everything was sent. */
  flush(): Promise<void> {
    return this.#sync.flush()
  }

  /** As a service ends that is told to: what was begun is finished. */
  async end(): Promise<void> {
    await this.stopWriting()
    await this.#sync.close()
    await this.#watching
  }

  async #write(): Promise<void> {
    const { name, recorder } = this.#options
    for (let turn = 0; !this.#stopped; turn++) {
      const key = KEYS[turn % KEYS.length] ?? ''
      const at = performance.now()
      const increment = this.#docs.update(key, (counter) => {
        counter.n++
        counter.by = name
        counter.at = at
      })
      await increment.then(
        ({ version }) => recorder.recordWrite(key, version),
        (error: unknown) => recorder.problems.push(`${name}: a write was refused: ${error}`),
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
        // it was created as 0, and each version since is one more
        if (n !== change.version - 1) recorder.problems.push(`${name}: version ${change.version} of ${key} shows ${n}`)
      })
    }
    for await (const batch of this.#docs.changes({ combine: false, from: after ? { after } : 'now' })) {
      for (const { key, version, position, kind } of batch) {
        if (kind === 'reset' || kind === 'removed') recorder.problems.push(`${name}: ${key} was ${kind}`)
        recorder.told(name, key, version)
        this.#position = position
      }
    }
  }
}

/** What goes on for as long as the instance is open. */
async function untilClosed(work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof ClosedError)) throw error
  })
}
