import type { RedisServer, ServerControls } from '@sync/brokers'
import { connect } from '@sync/config'
import type { SyncInstance } from '@sync/core'
import type { Fault, FaultKind } from '../schedule/schedule.ts'
import { type BusBroker, type BusName, startBus, startStore } from './brokers.ts'
import type { Environment, EnvironmentOptions, UndoFault } from './environment.ts'
import { Proxies } from './proxies.ts'
import { WorkerProcess } from './worker-process.ts'

const MAX_TAIL = 20

/** Starts real brokers, and a proxy in front of each broker for each worker. Creates the workers without starting them. */
export async function startProcessEnvironment(
  busName: BusName,
  options: EnvironmentOptions,
): Promise<ProcessEnvironment> {
  await using resources = new AsyncDisposableStack()
  const store = resources.use(await startStore())
  const bus = await startBus(busName)
  if (bus.server) resources.use(bus.server)
  const proxies = resources.use(new Proxies())
  const sharedProxy = await bus.server?.startProxy?.()
  if (sharedProxy) proxies.adopt('all/bus', sharedProxy)

  const { rate, historyFileOf, report, loseTail, workload } = options
  const createWorker = async (role: 'writer' | 'replica', name: string, index: number): Promise<WorkerProcess> => {
    const busUrl = sharedProxy?.url ?? (await proxies.add(`${name}/bus`, bus.server?.url ?? store.url))
    const seed = options.seed * 1_000 + index * 100
    const storeUrl = await proxies.add(`${name}/store`, store.url)
    return new WorkerProcess({
      name,
      role,
      store: storeUrl,
      bus: `${busUrl}${bus.query}`,
      rate,
      seed,
      workload,
      historyFileOf,
      report,
    })
  }
  const workers = await Promise.all([
    ...options.replicas.map((name, index) => createWorker('replica', name, index)),
    ...options.writers.map((name, index) => createWorker('writer', name, index)),
  ])
  return new ProcessEnvironment({ store, bus, proxies, workers, loseTail, resources: resources.move() })
}

interface EnvironmentParts {
  readonly store: RedisServer
  readonly bus: BusBroker
  readonly proxies: Proxies
  readonly workers: readonly WorkerProcess[]
  readonly loseTail: boolean
  readonly resources: AsyncDisposableStack
}

/** Worker processes that share real brokers through proxies. */
export class ProcessEnvironment implements Environment {
  readonly workers: readonly WorkerProcess[]
  readonly #parts: EnvironmentParts
  readonly #brokers: ReadonlyMap<string, ServerControls>

  constructor(parts: EnvironmentParts) {
    this.#parts = parts
    this.workers = parts.workers
    const { store, bus } = parts
    this.#brokers = new Map<string, ServerControls>([
      ['store', store],
      ...(bus.server ? [['bus', bus.server] as const] : []),
    ])
  }

  get faultKinds(): readonly FaultKind[] {
    const named = (role: string): readonly string[] =>
      this.workers.filter((worker) => worker.role === role).map(({ name }) => name)
    return [
      ...this.#parts.proxies.faultKinds,
      ...[...this.#brokers.keys()].flatMap((name): FaultKind[] => [
        { kind: `${name} killed`, targets: [name], durationMs: [100, 3_000] },
        { kind: `${name} paused`, targets: [name], durationMs: [500, 5_000] },
      ]),
      ...(this.#parts.loseTail ? [{ kind: 'tail lost', targets: ['store'], durationMs: [100, 1_000] } as const] : []),
      ...['writer', 'replica'].flatMap((role): FaultKind[] => [
        { kind: `${role} killed`, targets: named(role), durationMs: [0, 1_000] },
        { kind: `${role} paused`, targets: named(role), durationMs: [500, 5_000] },
      ]),
    ]
  }

  async inject(fault: Fault): Promise<UndoFault | undefined> {
    if (fault.kind === 'tail lost') return loseTail(this.#parts.store, fault)
    const broker = this.#brokers.get(fault.target)
    if (broker) return injectBrokerFault(broker, fault)
    const worker = this.workers.find(({ name }) => name === fault.target)
    return worker ? injectWorkerFault(worker, fault) : this.#parts.proxies.inject(fault)
  }

  /** Connects directly, not through a proxy. */
  async openAuditor(): Promise<SyncInstance> {
    const { store, bus } = this.#parts
    return connect({ store: store.url, bus: `${bus.server?.url ?? store.url}${bus.query}` })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.kill()))
    await this.#parts.resources[Symbol.asyncDispose]()
  }
}

async function injectBrokerFault(broker: ServerControls, { kind }: Fault): Promise<UndoFault> {
  if (kind.endsWith('paused')) {
    await broker.pause()
    return () => broker.resume()
  }
  await broker.kill()
  return () => broker.restart()
}

/** Kills the store and restarts it without its last commits, as after a power failure. */
async function loseTail(store: RedisServer, { strength }: Fault): Promise<UndoFault> {
  await store.kill()
  await store.truncateLog({ commits: 1 + Math.floor(strength * (MAX_TAIL - 1)) })
  return () => store.restart()
}

async function injectWorkerFault(worker: WorkerProcess, { kind }: Fault): Promise<UndoFault> {
  if (kind.endsWith('paused')) {
    worker.pause()
    return async () => worker.resume()
  }
  await worker.kill()
  return () => worker.restart()
}
