import type { Position, SyncStats } from '@sync/core'

/** What a process is told at its start. */
export interface Task {
  readonly role: 'writer' | 'replica'
  /** Of this life of it: one that begins anew has another name. */
  readonly name: string
  readonly store: string
  readonly bus: string
  /** The writer's ledger; a replica has none. */
  readonly historyFile: string
  readonly seed: number
  /** Writes per second of a writer. */
  readonly rate: number
  /** `steady`: a load that leaves no more behind than it found: no registers. */
  readonly workload: 'all' | 'steady'
}

/** What is asked of a running process. Each is answered by one {@link Answer}. */
export type Request =
  /** A writer begins no further write, and answers when none is under way. */
  | { readonly ask: 'stop' }
  /** What a replica holds, and what its stream told. */
  | { readonly ask: 'copies' }
  /** What it takes up, after garbage was collected. */
  | { readonly ask: 'memory' }
  | { readonly ask: 'close' }

/** A document: its version, and its content as canonical JSON. */
export type Copy = readonly [version: number, text: string]

/** All documents of one copy, by key. */
export type Copies = Readonly<Record<string, Copy>>

/** What an instance takes up: bytes, and a count. */
export interface Memory {
  /** Used on the heap, and outside of it by buffers. */
  readonly heap: number
  readonly rss: number
  /** Sockets, timers and whatever else keeps a process alive. */
  readonly resources: number
}

/** Answers to a {@link Request}. */
export type Answer =
  | { readonly answer: 'stopped'; readonly pending: number }
  | { readonly answer: 'copies'; readonly held: Copies; readonly delivered: Copies }
  | { readonly answer: 'memory'; readonly memory: Memory }
  /** `failed`: not in time, or not at all. `left`: what would keep its process alive. */
  | { readonly answer: 'closed'; readonly failed?: string; readonly leaks?: readonly string[] }

/** The store's history went on in another epoch, as an instance tells it. */
export interface EpochChange {
  readonly from: string
  readonly to: string
  readonly lost: boolean
  readonly fork?: number
}

/** What a process tells by itself. */
export type Report =
  /** Its process has started: its own code runs from here on. */
  | { readonly report: 'running' }
  /** A writer's latest acknowledgement; `begunAt` as in the ledger. */
  | { readonly report: 'acknowledged'; readonly position: Position; readonly startedAt: number }
  /** A replica's stream has told everything up to here. */
  | { readonly report: 'told'; readonly position: Position }
  | { readonly report: 'epoch'; readonly change: EpochChange }
  | { readonly report: 'stats'; readonly stats: SyncStats }
  /** Its process was ended: what it told does not count for its next life. */
  | { readonly report: 'gone' }
  /** Something that must never be. */
  | { readonly report: 'wrong'; readonly what: string }
