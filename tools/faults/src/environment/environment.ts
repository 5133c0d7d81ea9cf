import type { SyncInstance } from '@sync/core'
import type { Fault, FaultKind } from '../schedule/schedule.ts'
import type { Answer, Report, Request, Task } from '../workload/messages.ts'

/** A writer or a replica. */
export interface Worker {
  readonly name: string
  readonly role: Task['role']
  /** One for each life, oldest first. */
  readonly tasks: readonly Task[]
  /** The name of the life that it is in. */
  readonly life: string
  /** Begins a life; does not wait until it is ready. */
  start(): void
  request(request: Request): Promise<Answer>
  /** Ends by itself, as nothing keeps it. Answers whether it did within the time. */
  waitForExit(withinMs: number): Promise<boolean>
}

/** A way back from a fault; resolves when what was harmed is there again. */
export type UndoFault = () => Promise<void>

/** Where it all happens: brokers, lines to them, writers and replicas, and what can be done to each. */
export interface Environment extends AsyncDisposable {
  readonly workers: readonly Worker[]
  readonly faultKinds: readonly FaultKind[]
  /** Does it. Answers what ends it; `undefined`: nothing came of it. */
  inject(fault: Fault): Promise<UndoFault | undefined>
  /** An instance that no fault reaches: to prepare, and to look at the end. */
  openAuditor(): Promise<SyncInstance>
}

/** What every scene is made of. */
export interface EnvironmentOptions {
  readonly writers: readonly string[]
  readonly replicas: readonly string[]
  /** Writes per second of each writer. */
  readonly rate: number
  readonly seed: number
  readonly workload: Task['workload']
  /** May the store lose the end of what it acknowledged? */
  readonly loseTail: boolean
  /** The path of the ledger of a life. */
  readonly historyFileOf: (life: string) => string
  readonly report: (actor: Worker, report: Report) => void
}
