import type { Position, SyncStats } from '@sync/core'

/** Task that a worker process receives at its start. */
export interface Task {
  readonly role: 'writer' | 'replica'
  /** Name of the worker's incarnation. */
  readonly name: string
  readonly store: string
  readonly bus: string
  /** Path of the writer's history file. A replica does not write one. */
  readonly historyFile: string
  readonly seed: number
  /** Writes per second of a writer. */
  readonly rate: number
  /** `steady` keeps the number of documents constant, so it has no registers. */
  readonly workload: 'all' | 'steady'
}

/** A request to a running worker. Each gets one {@link Answer}. */
export type Request =
  /** Makes a writer start no further writes. Answered when none is pending. */
  | { readonly ask: 'stop' }
  /** Requests a replica's cached documents, and those that result from its stream. */
  | { readonly ask: 'copies' }
  /** Requests the memory usage after a garbage collection. */
  | { readonly ask: 'memory' }
  | { readonly ask: 'close' }

/** A document's version, and its content as canonical JSON. */
export type Copy = readonly [version: number, text: string]

/** All documents of one copy, by key. */
export type Copies = Readonly<Record<string, Copy>>

/** Memory and resource usage of a process. */
export interface Memory {
  /** Bytes used on the heap, and outside of it by buffers. */
  readonly heap: number
  /** Resident set size in bytes. */
  readonly rss: number
  /** Number of sockets, timers and other resources that keep a process alive. */
  readonly resources: number
}

/** An answer to a {@link Request}. */
export type Answer =
  | { readonly answer: 'stopped'; readonly pending: number }
  | { readonly answer: 'copies'; readonly cached: Copies; readonly delivered: Copies }
  | { readonly answer: 'memory'; readonly memory: Memory }
  /** `failed` is the error of `close`. `leaks` are the resources that keep the process alive. */
  | { readonly answer: 'closed'; readonly failed?: string; readonly leaks?: readonly string[] }

/** A change of the section's epoch, as an instance reported it. */
export interface EpochChange {
  readonly from: string
  readonly to: string
  readonly lost: boolean
  readonly fork?: number
}

/** An unsolicited message of a worker. */
export type Report =
  /** The process has started to run the worker's code. */
  | { readonly report: 'running' }
  /** A writer's write was acknowledged. `startedAt` is on the clock of the history file. */
  | { readonly report: 'acknowledged'; readonly position: Position; readonly startedAt: number }
  /** A replica's stream has delivered everything up to this position. */
  | { readonly report: 'delivered'; readonly position: Position }
  | { readonly report: 'epoch'; readonly change: EpochChange }
  | { readonly report: 'stats'; readonly stats: SyncStats }
  /** The process was killed. Its deliveries do not count for the next incarnation. */
  | { readonly report: 'exited' }
  /** A violation that the worker itself detected. */
  | { readonly report: 'problem'; readonly text: string }
