import { createMemoryHub, type Definition, type JsonObject, type MemoryHub } from '@sync/core'
import { createVirtualRuntime, type VirtualRuntime } from '@sync/core/testing'
import type { Doc } from './document.ts'
import { type End, Recorder } from './history.ts'
import { type OwnClock, ownClock } from './network/own-clock.ts'
import { Server } from './network/server.ts'
import { openWays, type Ways } from './network/ways.ts'
import { Process } from './process.ts'
import type { Setting } from './setting.ts'
import { Watcher } from './watcher.ts'

/** Where a process runs, one after another: its ways and its watchers outlive it. */
export interface Place {
  readonly name: string
  readonly ways: Ways
  readonly watchers: readonly Watcher[]
  process: Process
  lives: number
}

const ROUND = 1_000
const MOST_ROUNDS = 120

/** A store, a bus, and the processes that share them, on one clock that is advanced by hand. */
export class World {
  readonly time: VirtualRuntime
  readonly recorder: Recorder = new Recorder()
  readonly hub: MemoryHub
  readonly server: Server
  readonly storeClock: OwnClock
  readonly places: readonly Place[]
  readonly setting: Setting
  #starts = 0

  constructor(seed: number, setting: Setting) {
    this.setting = setting
    this.time = createVirtualRuntime(seed)
    this.storeClock = ownClock(this.time)
    this.hub = createMemoryHub({
      ...setting.hub,
      journal: 1_000,
      opMemory: '7d',
      maxAge: '7d',
      runtime: this.storeClock,
    })
    this.server = new Server(this.hub, this.recorder)
    this.places = setting.watchers.map((manners, at) => {
      const ways = openWays()
      const watchers = manners.map(
        ({ key, ...manner }, index) =>
          new Watcher(
            `watcher ${at}.${index}`,
            key === undefined ? setting.keys : [key],
            key === undefined ? manner : { ...manner, key },
            this.time,
            this.recorder,
          ),
      )
      const name = `instance ${at}`
      return { name, ways, watchers, process: this.#open(name, ways), lives: 1 }
    })
    for (const place of this.places) this.#watch(place)
  }

  get alive(): Place[] {
    return this.places.filter(({ process }) => process.alive)
  }

  /** Opens another process where one has ended. */
  start(place: Place): void {
    place.process = this.#open(`${place.name}, life ${++place.lives}`, place.ways)
    this.#watch(place)
  }

  /** A watcher begins again where it was. */
  restart(watcher: Watcher, { process }: Place): void {
    watcher.follow(process, { doubtful: this.#doubtful })
  }

  /** The store begins anew, with all that it has. */
  restartStore(): void {
    this.#mayForget()
    this.hub.store.restart()
  }

  /** The store begins anew without its last `n` commits. */
  loseTail(n: number): void {
    this.#mayForget()
    this.server.loseTail(n)
  }

  /** From now on requests and messages are under way for a while. */
  takeTime(): void {
    const { store, bus, spread } = this.setting.latency
    for (const { ways } of this.places) ways.slow = store
    this.hub.bus.delay(bus, spread)
  }

  /** Ends all that is wrong, and lets time pass until every process is caught up with the store. */
  async heal(): Promise<void> {
    const { bus, store } = this.hub
    store.back()
    bus.back()
    bus.resume()
    bus.chance({})
    bus.delay(0)
    this.storeClock.setRight()
    for (const place of this.places) {
      for (const watcher of place.watchers) watcher.hurry()
      Object.assign(place.ways, openWays())
      place.process.clock.setRight()
      if (!place.process.alive) this.start(place)
    }
    await this.settle()
  }

  async settle(): Promise<void> {
    const all = this.places.map(({ process }) => process.sync)
    for (let round = 0; round < MOST_ROUNDS; round++) {
      let done = false
      const work = Promise.all(
        all.map(async (sync) => {
          await sync.flush()
          await sync.check()
        }),
      ).finally(() => {
        done = true
      })
      for (let step = 0; step < MOST_ROUNDS && !done; step++) await this.time.advance(ROUND)
      if (!done) break
      await work
      if (all.every((sync) => sync.health().state === 'live' && sync.stats().buffered === 0)) return
    }
    throw new Error(`it does not settle: ${all.map((sync) => JSON.stringify(sync.health())).join(', ')}`)
  }

  /** Writes down what everybody has. */
  end(): void {
    const { keys, definition } = this.setting
    const section = this.hub.store.inspect({ partition: 'p', section: definition.section })
    const stored = new Map<string, JsonObject>()
    const overdue: string[] = []
    for (const [key, { text, changedAt }] of section?.documents ?? []) {
      stored.set(key, JSON.parse(text) as JsonObject)
      if (definition.ttl !== undefined && changedAt + definition.ttl < this.storeClock.now() - GRACE) overdue.push(key)
    }
    const end: End = {
      at: this.recorder.tick(),
      stored,
      overdue,
      holdsAll: definition.replicate === 'all',
      expiring: definition.ttl !== undefined,
      held: this.places.flatMap(({ process }) =>
        keys.map((key) => ({ by: process.name, key, value: process.collection.peek(key) as JsonObject | undefined })),
      ),
      watchers: new Map(this.places.flatMap(({ watchers }) => watchers.map(({ name, keys }) => [name, keys]))),
    }
    this.recorder.ends.push(end)
  }

  /** Ends it all. */
  close(): void {
    for (const { process, watchers } of this.places) {
      for (const watcher of watchers) watcher.stop()
      if (process.alive) process.crash()
    }
  }

  #mayForget(): void {
    if (++this.#starts > (this.setting.hub.lineage ?? 0)) this.recorder.forgetful = true
  }

  get #doubtful(): boolean {
    const { losses, shortLog, definition } = this.setting
    return losses || shortLog || definition.ttl !== undefined || this.recorder.forgetful
  }

  #open(name: string, ways: Ways): Process {
    const { hub, server, time, recorder } = this
    return new Process(name, { hub, server, time, recorder, definition: this.#definition, ways })
  }

  #watch({ watchers, process }: Place): void {
    for (const watcher of watchers) watcher.follow(process, { doubtful: this.#doubtful })
  }

  get #definition(): Definition<Doc> {
    return this.setting.definition
  }
}

/** A document that was read lives longer, where that slides. */
const GRACE = 2_000
