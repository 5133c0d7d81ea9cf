import { setTimeout as pause } from 'node:timers/promises'
import { openSync } from '@sync/config'
import { ClosedError, type Collection, type Definition, defineCollection, type Position, type Sync } from '@sync/core'
import type { Notes } from './notes.ts'

/** A counter that all increment; who did it last, and when that was begun, in ms on this process's clock. */
export interface Counter {
  n: number
  by: string
  at: number
}

/** All of them are held by every instance. */
export const counters: Definition<Counter> = defineCollection<Counter>({
  section: 'counter',
  ttl: 'never',
  replicate: 'all',
})

export const PARTITION = 'fleet'

/** What is incremented. */
export const KEYS: readonly string[] = Array.from({ length: 12 }, (_, n) => `counter-${n}`)

/** About how long a writer rests between two writes, in ms. */
const WRITE_EVERY = 5

/** How an instance is started. */
export interface ShipOptions {
  readonly name: string
  readonly store: string
  readonly bus: string | readonly string[]
  readonly notes: Notes
  /** One that writes learns of what it has missed by its conflicts, too. */
  readonly role: 'writer' | 'reader'
  /** Where the one before it left off. */
  readonly after?: Position | undefined
}

/** One instance of the fleet, as it is from a start to its end: writes and watches all the while. */
export class Ship {
  readonly #sync: Sync
  readonly #options: ShipOptions
  readonly #docs: Collection<Counter>
  readonly #writing: Promise<void>
  readonly #watching: Promise<void>
  #position: Position | undefined
  #over = false

  private constructor(options: ShipOptions, sync: Sync, docs: Collection<Counter>) {
    this.#options = options
    this.#sync = sync
    this.#docs = docs
    this.#position = options.after
    this.#writing = options.role === 'writer' ? this.#write() : Promise.resolve()
    this.#watching = untilClosed(this.#watch())
  }

  static async launch(options: ShipOptions): Promise<Ship> {
    const { store, bus, name, notes } = options
    // what a bus does not carry is to be seen missing: the store is not asked for it
    const sync = await openSync({ store, bus, reorderWindow: '5m', checkInterval: '5m' })
    sync.onEvent((event) => {
      const bad = ['gap', 'inconsistent', 'patch-refused', 'frame-refused', 'publish-failed', 'epoch', 'failed']
      if (bad.includes(event.type)) notes.wrong.push(`${name}: ${event.type} ${JSON.stringify(event)}`)
    })
    const docs = sync.collection(counters, { partition: PARTITION })
    await Promise.all(KEYS.map((key) => docs.create(key, { n: 0, by: '', at: 0 })))
    await docs.ready()
    return new Ship(options, sync, docs)
  }

  get name(): string {
    return this.#options.name
  }

  get role(): ShipOptions['role'] {
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
  rest(): Promise<void> {
    this.#over = true
    return this.#writing
  }

  /** Resolves when everything was sent. */
  flush(): Promise<void> {
    return this.#sync.flush()
  }

  /** As a service ends that is told to: what was begun is finished. */
  async end(): Promise<void> {
    await this.rest()
    await this.#sync.close()
    await this.#watching
  }

  async #write(): Promise<void> {
    const { name, notes } = this.#options
    for (let turn = 0; !this.#over; turn++) {
      const key = KEYS[turn % KEYS.length] ?? ''
      const at = performance.now()
      const increment = this.#docs.update(key, (counter) => {
        counter.n++
        counter.by = name
        counter.at = at
      })
      await increment.then(
        ({ version }) => notes.written(key, version),
        (error: unknown) => notes.wrong.push(`${name}: a write was refused: ${error}`),
      )
      await pause(WRITE_EVERY)
    }
  }

  async #watch(): Promise<void> {
    const { name, notes, after } = this.#options
    for (const key of KEYS) {
      this.#docs.subscribe(key, (change) => {
        if (change.kind !== 'changed') return
        const { n, by, at } = change.value
        if (by !== name) notes.shown(performance.now() - at)
        // it was created as 0, and each version since is one more
        if (n !== change.version - 1) notes.wrong.push(`${name}: version ${change.version} of ${key} shows ${n}`)
      })
    }
    for await (const batch of this.#docs.changes({ combine: false, from: after ? { after } : 'now' })) {
      for (const { key, version, position, kind } of batch) {
        if (kind === 'reset' || kind === 'removed') notes.wrong.push(`${name}: ${key} was ${kind}`)
        notes.told(name, key, version)
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
