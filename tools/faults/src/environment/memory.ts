import { createInstance, createMemoryHub, type MemoryHub, memoryBus, memoryStore, type SyncInstance } from '@sync/core'
import { HistoryFile } from '../history/history-file.ts'
import type { Fault, FaultKind } from '../schedule/schedule.ts'
import { type Instance, startInstance } from '../workload/instance.ts'
import type { Answer, Request, Task } from '../workload/messages.ts'
import { Resources } from '../workload/resources.ts'
import type { Environment, EnvironmentOptions, UndoFault, Worker } from './environment.ts'

const MAX_TAIL = 20
/** Small, so that log and op memory soon overflow and the run covers the consequences. */
const SMALL_LIMITS = { maxChanges: 1_000, maxOpResults: 5_000 } as const

/** Starts workers in this process, on one in-memory hub. Single workers cannot be killed; all faults are the hub's. */
export function startInMemoryEnvironment(options: EnvironmentOptions): Environment {
  const resources = new Resources()
  const hub = createMemoryHub({ ...SMALL_LIMITS, maxUndoCommits: MAX_TAIL })
  const open = (): SyncInstance => createInstance({ store: memoryStore(hub), bus: memoryBus(hub) })
  const workers = (['replica', 'writer'] as const).flatMap((role) =>
    options[`${role}s`].map((name, index) => new LocalWorker(options, { role, name, index, open, resources })),
  )
  return {
    workers,
    faultKinds: options.loseTail ? [...FAULT_KINDS, TAIL_LOSS] : FAULT_KINDS,
    inject: async (fault) => injectFault(hub, fault),
    openAuditor: async () => open(),
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(workers.map((worker) => worker.close()))
    },
  }
}

const DURATION_MS = [500, 5_000] as const

const FAULT_KINDS: readonly FaultKind[] = [
  { kind: 'frames dropped', targets: ['bus'], durationMs: DURATION_MS },
  { kind: 'frames repeated', targets: ['bus'], durationMs: DURATION_MS },
  { kind: 'frames reordered', targets: ['bus'], durationMs: DURATION_MS },
  { kind: 'frames delayed', targets: ['bus'], durationMs: DURATION_MS },
  { kind: 'bus paused', targets: ['bus'], durationMs: DURATION_MS },
  { kind: 'bus interrupted', targets: ['bus'], durationMs: DURATION_MS },
  { kind: 'bus unavailable', targets: ['bus'], durationMs: DURATION_MS },
  { kind: 'store paused', targets: ['store'], durationMs: DURATION_MS },
  { kind: 'store unavailable', targets: ['store'], durationMs: DURATION_MS },
  { kind: 'store restarted', targets: ['store'], durationMs: [0, 0] },
  { kind: 'replies lost', targets: ['store'], durationMs: [0, 0] },
]
const TAIL_LOSS: FaultKind = { kind: 'tail lost', targets: ['store'], durationMs: [0, 0] }

/** Maximum share of frames that a fault affects. */
const MAX_FRAME_SHARE = 0.5
const MAX_DELAY_MS = 300
const MAX_LOST_REPLIES = 10

/** Begins a fault and, unless the fault is momentary, ends it. */
type FaultAction = readonly [begin: () => void, end?: () => void]

function injectFault(hub: MemoryHub, { kind, strength }: Fault): UndoFault {
  const actions: Readonly<Record<string, FaultAction>> = {
    ...busFaultActions(hub, strength),
    ...storeFaultActions(hub, strength),
  }
  const [begin, end] = actions[kind] ?? []
  if (!begin) throw new Error(`expected a fault of the in-memory hub, got "${kind}"`)
  begin()
  return async () => end?.()
}

function busFaultActions({ bus }: MemoryHub, strength: number): Readonly<Record<string, FaultAction>> {
  const share = strength * MAX_FRAME_SHARE
  const clearRates = (): void => bus.setFaultRates({})
  return {
    'frames dropped': [() => bus.setFaultRates({ drop: share }), clearRates],
    'frames repeated': [() => bus.setFaultRates({ repeat: share }), clearRates],
    'frames reordered': [() => bus.setFaultRates({ reorder: share }), clearRates],
    'frames delayed': [() => bus.delay(strength * MAX_DELAY_MS, MAX_DELAY_MS), () => bus.delay(0)],
    'bus paused': [() => bus.pause(), () => bus.resume()],
    'bus interrupted': [() => bus.interrupt(), () => bus.resume()],
    'bus unavailable': [() => bus.makeUnavailable(), () => bus.makeAvailable()],
  }
}

const storeFaultActions = ({ store }: MemoryHub, strength: number): Readonly<Record<string, FaultAction>> => ({
  'store paused': [() => store.pause(), () => store.resume()],
  'store unavailable': [() => store.makeUnavailable(), () => store.makeAvailable()],
  'store restarted': [() => store.restart()],
  'replies lost': [() => store.loseReplies(1 + Math.floor(strength * MAX_LOST_REPLIES))],
  'tail lost': [() => void store.loseTail(1 + Math.floor(strength * (MAX_TAIL - 1)))],
})

interface LocalWorkerOptions {
  readonly role: Task['role']
  readonly name: string
  readonly index: number
  readonly open: () => SyncInstance
  readonly resources: Resources
}

/** A writer or replica in this process. */
class LocalWorker implements Worker {
  readonly name: string
  readonly role: Task['role']
  readonly tasks: Task[] = []
  readonly #options: EnvironmentOptions
  readonly #seed: number
  readonly #open: () => SyncInstance
  readonly #resources: Resources
  #sync: SyncInstance | undefined
  #instance: Instance | undefined

  constructor(options: EnvironmentOptions, { role, name, index, open, resources }: LocalWorkerOptions) {
    this.name = name
    this.role = role
    this.#options = options
    this.#seed = options.seed * 1_000 + index
    this.#open = open
    this.#resources = resources
  }

  get incarnation(): string {
    return `${this.name}.${this.tasks.length}`
  }

  start(): void {
    const { rate, report, workload } = this.#options
    const name = `${this.name}.${this.tasks.length + 1}`
    const { role } = this
    const historyFile = this.#options.historyFileOf(name)
    const task: Task = { role, name, store: 'memory:', bus: 'memory:', historyFile, seed: this.#seed, rate, workload }
    this.tasks.push(task)
    this.#sync = this.#open()
    this.#instance = startInstance({
      task,
      sync: this.#sync,
      report: (message) => report(this, message),
      openHistoryFile: () => new HistoryFile(task.historyFile),
    })
  }

  async request(request: Request): Promise<Answer> {
    if (!this.#instance) throw new Error(`${this.name}: expected a started worker; call start() first`)
    return this.#instance.handle(request)
  }

  /** Resolves with true when no local worker keeps a resource open. Local workers have no process that could exit. */
  async waitForExit(withinMs: number): Promise<boolean> {
    return (await this.#resources.leaks(withinMs)).length === 0
  }

  async close(): Promise<void> {
    await this.#sync?.close({ deadline: 1 })
  }
}
