import type { SyncInstance } from '@sync/core'
import type { Fault, FaultKind } from '../schedule/schedule.ts'
import type { Answer, Report, Request, Task } from '../workload/messages.ts'

/** A writer or a replica. */
export interface Worker {
  readonly name: string
  readonly role: Task['role']
  /** One task per incarnation, oldest first. */
  readonly tasks: readonly Task[]
  /** Name of the current incarnation. */
  readonly incarnation: string
  /** Starts a new incarnation. Does not wait until it is ready. */
  start(): void
  request(request: Request): Promise<Answer>
  /** Waits until the worker's process exits without being killed. Returns false if the time is up. */
  waitForExit(withinMs: number): Promise<boolean>
}

/** Ends a fault. Resolves when the target is available again. */
export type UndoFault = () => Promise<void>

/** Brokers, connections to them, writers and replicas, with the faults that each can have. */
export interface Environment extends AsyncDisposable {
  readonly workers: readonly Worker[]
  readonly faultKinds: readonly FaultKind[]
  /** Injects a fault and returns a function that ends it. Returns `undefined` if the fault could not be injected. */
  inject(fault: Fault): Promise<UndoFault | undefined>
  /** Opens an instance that no fault affects, for preparing the documents and reading the final state. */
  openAuditor(): Promise<SyncInstance>
}

/** Options common to all environments. */
export interface EnvironmentOptions {
  readonly writers: readonly string[]
  readonly replicas: readonly string[]
  /** Writes per second of each writer. */
  readonly rate: number
  readonly seed: number
  readonly workload: Task['workload']
  /** Whether the store may lose its last acknowledged commits. */
  readonly loseTail: boolean
  /** Returns the path of an incarnation's history file. */
  readonly historyFileOf: (incarnation: string) => string
  readonly report: (worker: Worker, report: Report) => void
}
