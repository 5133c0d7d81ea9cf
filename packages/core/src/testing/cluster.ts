import {
  createMemoryHub,
  type DeliveryFaultOptions,
  type MemoryBusControls,
  type MemoryHub,
  type MemoryHubOptions,
  memoryBus,
  memoryStore,
} from '../memory/index.ts'
import { ArgumentError } from '../model/errors.ts'
import type { SyncInstance, SyncInstanceOptions } from '../service/api.ts'
import { createInstance } from '../service/instance.ts'
import type { ChangeBus } from '../transport/bus.ts'
import { createVirtualRuntime, type VirtualRuntime } from './virtual-runtime.ts'

/** Several instances on one in-memory store and bus, with a virtual clock. */
export interface TestCluster extends AsyncDisposable {
  /** All instances, including those added by `open`. */
  readonly instances: readonly SyncInstance[]
  /** Virtual clock of the instances, the store and the bus. */
  readonly clock: VirtualRuntime
  /** Fault controls of the bus. */
  readonly bus: ClusterBusControls
  /** Fault controls of the store. */
  readonly store: MemoryHub['store']
  /** Creates another instance. */
  open(): SyncInstance
  /** Advances the clock until every instance has caught up with the store. Rejects if that does not happen. */
  settle(): Promise<void>
  /**
   * Advances the clock until the promise has settled, and returns its outcome. Rejects if the promise is pending after
   * two minutes of virtual time. Without it, a call that waits for a timer never settles.
   */
  runUntil<R>(work: Promise<R>): Promise<R>
}

/** Fault controls of a cluster's bus. `to` is one of the cluster's instances. */
export interface ClusterBusControls extends Omit<MemoryBusControls, 'drop' | 'repeat' | 'reorder'> {
  /** Drops the next `n` (default 1) deliveries. Without `to`, the first one may be the writer's own. */
  drop(n?: number, options?: DeliveryFaultOptions<SyncInstance>): void
  /** Repeats the next `n` (default 1) deliveries. */
  repeat(n?: number, options?: DeliveryFaultOptions<SyncInstance>): void
  /** Swaps the next `n` (default 1) deliveries with their successors. */
  reorder(n?: number, options?: DeliveryFaultOptions<SyncInstance>): void
}

/** Options of {@link createTestCluster}. */
export interface TestClusterOptions extends Omit<SyncInstanceOptions, 'store' | 'bus' | 'runtime'> {
  /** Number of instances. Default 2. */
  readonly instances?: number
  /** Seed of all randomness. Default 1. */
  readonly seed?: number
  /** Options of the in-memory store and bus. */
  readonly hub?: Omit<MemoryHubOptions, 'runtime'>
}

const ROUND_MS = 1_000
const MAX_ROUNDS = 120
/** Steps of `runUntil`, so that little time passes after the promise has settled. */
const STEP_MS = 10

/** Creates a cluster for a unit test. Everything in it is real except time and randomness. */
export function createTestCluster({
  instances = 2,
  seed = 1,
  hub: hubOptions,
  ...options
}: TestClusterOptions = {}): TestCluster {
  const clock = createVirtualRuntime(seed)
  const hub = createMemoryHub({ maxUndoCommits: 1_000, ...hubOptions, runtime: clock })
  const open = (): SyncInstance => {
    const bus = memoryBus(hub)
    const sync = createInstance({ ...options, store: memoryStore(hub), bus, runtime: clock })
    buses.set(sync, bus)
    all.push(sync)
    return sync
  }
  const buses = new Map<SyncInstance, ChangeBus>()
  const toBus = (faultOptions: DeliveryFaultOptions<SyncInstance> = {}): DeliveryFaultOptions<ChangeBus> => {
    if (!('to' in faultOptions)) return {}
    const bus = faultOptions.to && buses.get(faultOptions.to)
    if (!bus) throw new ArgumentError('to: expected an instance of this cluster, got another value')
    return { to: bus }
  }
  /** Advances the clock in steps until the work has settled. Returns false if it is still pending after `rounds`. */
  const advanceUntil = async (work: Promise<unknown>, stepMs: number, rounds: number): Promise<boolean> => {
    let done = false
    const onSettled = (): void => {
      done = true
    }
    work.then(onSettled, onSettled)
    for (let round = 0; round < rounds && !done; round++) await clock.advance(stepMs)
    return done
  }
  const all: SyncInstance[] = []
  for (let i = 0; i < instances; i++) open()

  return {
    instances: all,
    clock,
    bus: {
      ...hub.bus,
      drop: (n, faultOptions) => hub.bus.drop(n, toBus(faultOptions)),
      repeat: (n, faultOptions) => hub.bus.repeat(n, toBus(faultOptions)),
      reorder: (n, faultOptions) => hub.bus.reorder(n, toBus(faultOptions)),
    },
    store: hub.store,
    open,
    async settle() {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const open = all.filter((sync) => sync.health().state !== 'closed')
        const work = Promise.all(
          open.map(async (sync) => {
            await sync.flush()
            await sync.catchUp()
          }),
        )
        if (!(await advanceUntil(work, ROUND_MS, MAX_ROUNDS))) break
        await work
        if (open.every((sync) => sync.health().state === 'live' && sync.stats().buffered === 0)) return
      }
      throw new Error(
        `expected the cluster to settle (seed ${seed}), got ${all.map((sync) => JSON.stringify(sync.health())).join(', ')}`,
      )
    },
    async runUntil(work) {
      if (await advanceUntil(work, STEP_MS, (MAX_ROUNDS * ROUND_MS) / STEP_MS)) return work
      throw new Error(`expected the promise to settle within ${MAX_ROUNDS} s of virtual time (seed ${seed})`)
    },
    async [Symbol.asyncDispose]() {
      hub.store.makeAvailable()
      const closing = Promise.all(all.map((sync) => sync.close()))
      await clock.advance(10_000)
      await closing
    },
  }
}
