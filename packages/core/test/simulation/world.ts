import { type CollectionDefinition, createMemoryHub, type JsonObject, type MemoryHub } from '@sync/core'
import { createVirtualRuntime, type VirtualRuntime } from '@sync/core/testing'
import type { Doc } from './document.ts'
import { type FinalState, Recorder } from './history.ts'
import { healthyNetwork, type NetworkState } from './network/network-state.ts'
import { createProcessClock, type ProcessClock } from './network/process-clock.ts'
import { RecordingStore } from './network/recording-store.ts'
import { RefusedError } from './network/refusals.ts'
import { Process } from './process.ts'
import type { Scenario } from './scenario.ts'
import { Watcher } from './watcher.ts'

/** Runs one process at a time. Its network and its watchers outlive the process. */
export interface Host {
  readonly name: string
  readonly network: NetworkState
  readonly watchers: readonly Watcher[]
  process: Process
  processCount: number
}

const ROUND_MS = 1_000
const MAX_ROUNDS = 120

/** A store, a bus, and the processes that share them, on a virtual clock. */
export class World {
  readonly time: VirtualRuntime
  readonly recorder: Recorder = new Recorder()
  readonly hub: MemoryHub
  readonly server: RecordingStore
  readonly storeClock: ProcessClock
  readonly hosts: readonly Host[]
  readonly scenario: Scenario
  #starts = 0

  constructor(seed: number, scenario: Scenario) {
    this.scenario = scenario
    this.time = createVirtualRuntime(seed)
    this.storeClock = createProcessClock(this.time)
    this.hub = createMemoryHub({
      ...scenario.hub,
      maxUndoCommits: 1_000,
      opResultTtl: '7d',
      maxAge: '7d',
      runtime: this.storeClock,
    })
    this.server = new RecordingStore(this.hub, this.recorder)
    this.hosts = scenario.watchers.map((watchOptions, at) => {
      const network = healthyNetwork()
      const watchers = watchOptions.map(
        ({ key, ...options }, index) =>
          new Watcher(
            `watcher ${at}.${index}`,
            key === undefined ? scenario.keys.filter((each) => each.startsWith(options.prefix ?? '')) : [key],
            key === undefined ? options : { ...options, key },
            this.time,
            this.recorder,
          ),
      )
      const name = `instance ${at}`
      return { name, network, watchers, process: this.#open(name, network), processCount: 1 }
    })
    for (const host of this.hosts) this.#watch(host)
  }

  get alive(): Host[] {
    return this.hosts.filter(({ process }) => process.alive)
  }

  /** Starts a new process on a host whose process has crashed. */
  start(host: Host): void {
    host.process = this.#open(`${host.name}, process ${++host.processCount}`, host.network)
    this.#watch(host)
  }

  /** Stops a watcher's stream and resumes it after its saved position. */
  restart(watcher: Watcher, { process }: Host): void {
    watcher.follow(process, () => this.#mayMissRemovals)
  }

  /** Restarts the store without losing commits. */
  restartStore(): void {
    this.#countRestart()
    this.hub.store.restart()
  }

  /** Restarts the store without its last `n` commits. */
  loseTail(n: number): void {
    this.#countRestart()
    this.server.loseTail(n)
  }

  /** Delays all further requests and messages by the scenario's latencies. */
  addLatency(): void {
    const { store, bus, spread } = this.scenario.latency
    for (const { network } of this.hosts) network.maxDelay = store
    this.hub.bus.delay(bus, spread)
  }

  /** Ends all faults and advances the time until every process has caught up with the store. */
  async heal(): Promise<void> {
    const { bus, store } = this.hub
    store.makeAvailable()
    bus.makeAvailable()
    bus.resume()
    bus.setFaultRates({})
    bus.delay(0)
    this.storeClock.setRight()
    for (const host of this.hosts) {
      for (const watcher of host.watchers) watcher.stopPausing()
      Object.assign(host.network, healthyNetwork())
      host.process.clock.setRight()
      if (!host.process.alive) this.start(host)
    }
    await this.settle()
  }

  /** Advances the time until every process has caught up with the store. @throws Error if that never happens */
  async settle(): Promise<void> {
    const all = this.hosts.map(({ process }) => process.sync)
    for (let round = 0; round < MAX_ROUNDS; round++) {
      let done = false
      const work = Promise.all(
        all.map(async (sync) => {
          await sync.flush()
          await sync.catchUp()
        }),
      )
        // a refusal may still be in transit: the next round tries again
        .catch((error: unknown) => error instanceof RefusedError || Promise.reject(error))
        .finally(() => {
          done = true
        })
      // reported below, once the time has advanced
      work.catch(() => {})
      for (let step = 0; step < MAX_ROUNDS && !done; step++) await this.time.advance(ROUND_MS)
      if (!done) break
      await work
      if (all.every((sync) => sync.health().state === 'live' && sync.stats().buffered === 0)) return
    }
    throw new Error(
      `expected every process to catch up, got ${all.map((sync) => JSON.stringify(sync.health())).join(', ')}`,
    )
  }

  /** Records the stored and cached documents. */
  recordFinalState(): void {
    const { keys, definition } = this.scenario
    const section = this.hub.store.inspect({ partition: 'p', section: definition.section })
    const stored = new Map<string, JsonObject>()
    const overdue: string[] = []
    for (const [key, { text, changedAt }] of section?.documents ?? []) {
      stored.set(key, JSON.parse(text) as JsonObject)
      if (definition.ttl !== undefined && changedAt + definition.ttl < this.storeClock.now() - GRACE_MS)
        overdue.push(key)
    }
    const finalState: FinalState = {
      at: this.recorder.tick(),
      stored,
      overdue,
      replicatesAll: definition.replicate === 'all',
      hasTtl: definition.ttl !== undefined,
      cached: this.hosts.flatMap(({ process }) =>
        keys.map((key) => ({ by: process.name, key, value: process.collection.peek(key) as JsonObject | undefined })),
      ),
      watchers: new Map(this.hosts.flatMap(({ watchers }) => watchers.map(({ name, keys }) => [name, keys]))),
    }
    this.recorder.finalStates.push(finalState)
  }

  /** Stops all watchers and processes. */
  close(): void {
    for (const { process, watchers } of this.hosts) {
      for (const watcher of watchers) watcher.stop()
      if (process.alive) process.crash()
    }
  }

  #countRestart(): void {
    this.recorder.restarts.push(this.recorder.tick())
    if (++this.#starts > (this.scenario.hub.lineageDepth ?? 0)) this.recorder.lostLineage = true
  }

  get #mayMissRemovals(): boolean {
    const { losses, shortLog, definition } = this.scenario
    return losses || shortLog || definition.ttl !== undefined || this.recorder.lostLineage
  }

  #open(name: string, network: NetworkState): Process {
    const { hub, server, time: clock, recorder } = this
    return new Process(name, { hub, server, clock, recorder, definition: this.#definition, network })
  }

  #watch({ watchers, process }: Host): void {
    for (const watcher of watchers) watcher.follow(process, () => this.#mayMissRemovals)
  }

  get #definition(): CollectionDefinition<Doc> {
    return this.scenario.definition
  }
}

/** Tolerance for documents whose sliding TTL was extended by a read. */
const GRACE_MS = 2_000
