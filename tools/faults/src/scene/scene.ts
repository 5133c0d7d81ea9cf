import type { Sync } from '@sync/core'
import type { Fault, Kind } from '../schedule/schedule.ts'
import type { Answer, Report, Request, Task } from '../work/messages.ts'

/** A writer or a replica. */
export interface Actor {
  readonly name: string
  readonly role: Task['role']
  /** One for each life, oldest first. */
  readonly tasks: readonly Task[]
  /** The name of the life that it is in. */
  readonly life: string
  /** Begins a life; does not wait until it is ready. */
  start(): void
  ask(request: Request): Promise<Answer>
  /** Ends by itself, as nothing keeps it. Answers whether it did within the time. */
  leave(withinMs: number): Promise<boolean>
}

/** A way back from a fault; resolves when what was harmed is there again. */
export type End = () => Promise<void>

/** Where it all happens: brokers, lines to them, writers and replicas, and what can be done to each. */
export interface Scene extends AsyncDisposable {
  readonly actors: readonly Actor[]
  readonly kinds: readonly Kind[]
  /** Does it. Answers what ends it; `undefined`: nothing came of it. */
  begin(fault: Fault): Promise<End | undefined>
  /** An instance that no fault reaches: to prepare, and to look at the end. */
  openAuditor(): Promise<Sync>
}

/** What every scene is made of. */
export interface SceneOptions {
  readonly writers: readonly string[]
  readonly replicas: readonly string[]
  /** Writes per second of each writer. */
  readonly rate: number
  readonly seed: number
  readonly work: Task['work']
  /** May the store lose the end of what it acknowledged? */
  readonly loseTail: boolean
  /** The path of the ledger of a life. */
  readonly ledgerOf: (life: string) => string
  readonly report: (actor: Actor, report: Report) => void
}
