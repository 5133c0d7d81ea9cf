import { createMemoryHub, createSync, type MemoryHub, memoryBus, memoryStore, type Sync } from '@sync/core'
import { LedgerFile } from '../ledger/file.ts'
import type { Fault, Kind } from '../schedule/schedule.ts'
import { type Instance, startInstance } from '../work/instance.ts'
import type { Answer, Request, Task } from '../work/messages.ts'
import { Resources } from '../work/resources.ts'
import type { Actor, End, Scene, SceneOptions } from './scene.ts'

const LONGEST_TAIL = 20
/** So that log and op memory are full soon, and what follows from that happens. */
const SMALL = { maxChanges: 1_000, maxAnswers: 5_000 } as const

/** Instances of this process on one hub. They cannot be killed one by one; what fails is what the hub can have fail. */
export function startMemory(options: SceneOptions): Scene {
  const resources = new Resources()
  const hub = createMemoryHub({ ...SMALL, journal: LONGEST_TAIL })
  const open = (): Sync => createSync({ store: memoryStore(hub), bus: memoryBus(hub) })
  const actors = (['replica', 'writer'] as const).flatMap((role) =>
    options[`${role}s`].map((name, index) => new Local(options, { role, name, index, open, resources })),
  )
  return {
    actors,
    kinds: options.loseTail ? [...KINDS, TAIL] : KINDS,
    begin: async (fault) => harm(hub, fault),
    openAuditor: async () => open(),
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(actors.map((actor) => actor.end()))
    },
  }
}

const LONG = [500, 5_000] as const

const KINDS: readonly Kind[] = [
  { kind: 'frames dropped', targets: ['bus'], lasts: LONG },
  { kind: 'frames repeated', targets: ['bus'], lasts: LONG },
  { kind: 'frames reordered', targets: ['bus'], lasts: LONG },
  { kind: 'frames delayed', targets: ['bus'], lasts: LONG },
  { kind: 'bus paused', targets: ['bus'], lasts: LONG },
  { kind: 'bus interrupted', targets: ['bus'], lasts: LONG },
  { kind: 'bus away', targets: ['bus'], lasts: LONG },
  { kind: 'store paused', targets: ['store'], lasts: LONG },
  { kind: 'store away', targets: ['store'], lasts: LONG },
  { kind: 'store restarted', targets: ['store'], lasts: [0, 0] },
  { kind: 'replies lost', targets: ['store'], lasts: [0, 0] },
]
const TAIL: Kind = { kind: 'tail lost', targets: ['store'], lasts: [0, 0] }

/** How often a frame meets its fate, at the worst. */
const MOST_FRAMES = 0.5
const MOST_DELAY_MS = 300
const MOST_REPLIES = 10

/** How each is begun, and ended where that is not at once. */
type Harm = readonly [begin: () => void, end?: () => void]

function harm(hub: MemoryHub, { kind, strength }: Fault): End {
  const harms: Readonly<Record<string, Harm>> = { ...busHarms(hub, strength), ...storeHarms(hub, strength) }
  const [begin, end] = harms[kind] ?? []
  if (!begin) throw new Error(`nobody knows how to do "${kind}"`)
  begin()
  return async () => end?.()
}

function busHarms({ bus }: MemoryHub, strength: number): Readonly<Record<string, Harm>> {
  const share = strength * MOST_FRAMES
  const certain = (): void => bus.chance({})
  return {
    'frames dropped': [() => bus.chance({ drop: share }), certain],
    'frames repeated': [() => bus.chance({ repeat: share }), certain],
    'frames reordered': [() => bus.chance({ reorder: share }), certain],
    'frames delayed': [() => bus.delay(strength * MOST_DELAY_MS, MOST_DELAY_MS), () => bus.delay(0)],
    'bus paused': [() => bus.pause(), () => bus.resume()],
    'bus interrupted': [() => bus.interrupt(), () => bus.resume()],
    'bus away': [() => bus.away(), () => bus.back()],
  }
}

const storeHarms = ({ store }: MemoryHub, strength: number): Readonly<Record<string, Harm>> => ({
  'store paused': [() => store.pause(), () => store.resume()],
  'store away': [() => store.away(), () => store.back()],
  'store restarted': [() => store.restart()],
  'replies lost': [() => store.loseReplies(1 + Math.floor(strength * MOST_REPLIES))],
  'tail lost': [() => void store.loseTail(1 + Math.floor(strength * (LONGEST_TAIL - 1)))],
})

interface Part {
  readonly role: Task['role']
  readonly name: string
  readonly index: number
  readonly open: () => Sync
  readonly resources: Resources
}

/** A writer or replica of this process. */
class Local implements Actor {
  readonly name: string
  readonly role: Task['role']
  readonly tasks: Task[] = []
  readonly #options: SceneOptions
  readonly #seed: number
  readonly #open: () => Sync
  readonly #resources: Resources
  #sync: Sync | undefined
  #instance: Instance | undefined

  constructor(options: SceneOptions, { role, name, index, open, resources }: Part) {
    this.name = name
    this.role = role
    this.#options = options
    this.#seed = options.seed * 1_000 + index
    this.#open = open
    this.#resources = resources
  }

  get life(): string {
    return `${this.name}.${this.tasks.length}`
  }

  start(): void {
    const { rate, report, work } = this.#options
    const name = `${this.name}.${this.tasks.length + 1}`
    const { role } = this
    const ledger = this.#options.ledgerOf(name)
    const task: Task = { role, name, store: 'memory:', bus: 'memory:', ledger, seed: this.#seed, rate, work }
    this.tasks.push(task)
    this.#sync = this.#open()
    this.#instance = startInstance({
      task,
      sync: this.#sync,
      report: (message) => report(this, message),
      ledger: () => new LedgerFile(task.ledger),
    })
  }

  async ask(request: Request): Promise<Answer> {
    if (!this.#instance) throw new Error(`${this.name} was not started`)
    return this.#instance.serve(request)
  }

  /** It is no process of its own: all of them together leave nothing behind in this one. */
  async leave(withinMs: number): Promise<boolean> {
    return (await this.#resources.left(withinMs)).length === 0
  }

  async end(): Promise<void> {
    await this.#sync?.close({ deadline: 1 })
  }
}
