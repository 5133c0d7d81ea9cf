import type { JsonObject, Operation, Position, SyncedBy } from '@sync/core'

/** The observable events of a schedule. `at` is the event's number, in the order of occurrence. */
export interface History {
  readonly commits: readonly Commit[]
  readonly calls: readonly Call[]
  readonly reads: readonly ReadRecord[]
  readonly watchEvents: readonly WatchEvent[]
  /** Refusals that a process received. */
  readonly refusals: readonly Refusal[]
  /** Restarts of the store. Each begins an epoch, in which answers of earlier ones do not count. */
  readonly restarts: readonly number[]
  /** Reports of a loss, by process. */
  readonly losses: readonly ProcessEvent[]
  /** Crashes of processes. */
  readonly crashes: readonly ProcessEvent[]
  readonly finalStates: readonly FinalState[]
  /** Whether the store forgot part of its lineage. Then instances may report a loss although none occurred. */
  readonly lostLineage: boolean
  /** Problems that were detected at once, such as an error that is not a `SyncError`, or a replica that failed `verify`. */
  readonly problems: readonly string[]
}

interface ProcessEvent {
  readonly by: string
  readonly at: number
}

/** A refused call. */
interface Refusal extends ProcessEvent {
  /** Id of the write that took no effect: no earlier request of it can have been committed. */
  readonly call?: string
  /** Whether other requests of the call were not refused. Such an answer belongs to an epoch. */
  readonly single?: boolean
  /** Key of a write with an earlier request that may be committed, even later. */
  readonly repetitionOn?: string
}

/** A commit of the store. */
export interface Commit {
  readonly at: number
  readonly key: string
  readonly epoch: string
  readonly sequence: number
  readonly generation: number
  readonly version: number
  /** Id of the call, from the change's meta. */
  readonly call: string | undefined
  /** The stored document after the commit. `undefined` if it was deleted. */
  readonly after: JsonObject | undefined
  readonly fieldVersions: Readonly<Record<string, number>>
  /** The store's clock at the commit. */
  readonly time: number
  /** The event at which the commit was lost with the store's tail. */
  lostAt?: number
}

/** A write of a process, with its expected effect on the document. */
export interface Call {
  readonly id: string
  /** The idempotency key. Several calls may use the same key for one write, which must take effect once. */
  readonly repeats?: string
  readonly by: string
  readonly key: string
  readonly name: string
  readonly startedAt: number
  /** Absent if the call has not settled. */
  endedAt?: number
  /** `unknown` if the caller cannot know whether the write took effect. */
  outcome: 'pending' | 'acknowledged' | 'unchanged' | 'rejected' | 'unknown'
  /** Code of the error that the call rejected with. */
  code?: string
  /** Codes that the call may reject with, besides those allowed for all calls. */
  readonly allowedCodes: readonly string[]
  readonly effect: Effect
}

/** The expected effect of a write. */
export type Effect =
  /**
   * Sets fields. The document contains their values, unless a later call of the same process replaced them.
   * `alone` excludes combining with other writes. `later` means that the write is queued some time after the call.
   */
  | { readonly kind: 'set'; readonly fields: JsonObject; readonly alone: boolean; readonly later?: boolean }
  /** Merges a field by its strategy, from the value that the caller saw and the one that it assigned. */
  | { readonly kind: 'merge'; readonly field: string; readonly base: unknown; readonly local: unknown }
  /** Adds an element with the call's id to the list `l`. `only` is the only state that it may apply to. */
  | {
      readonly kind: 'list'
      readonly only?: { readonly generation?: number; readonly version: number; readonly value?: JsonObject }
    }
  /** Sets a field if it is at this version. 0 means that it was never set. */
  | { readonly kind: 'compare'; readonly field: string; readonly version: number }
  /** Creates the document if it does not exist. */
  | { readonly kind: 'create' }
  /** Must have no effect, because its recipe throws. */
  | { readonly kind: 'fails' }
  /** Any other effect, which is not checked beyond its count. */
  | { readonly kind: 'other' }

/** A document as a process had it cached. */
export interface ReadRecord extends ProcessEvent {
  readonly key: string
  readonly epoch: string
  readonly generation: number
  readonly version: number
  readonly value: JsonObject
  /** The document's JSON text at this process. */
  readonly text: string
  readonly etag: string
  readonly fieldVersions: Readonly<Record<string, number>>
  /** The minimum position that the read requested. */
  readonly after: Position | undefined
}

/** A change that a watcher received, or the start of its stream. */
export type WatchEvent = { readonly watcher: string; readonly at: number } & (
  | {
      /** The watcher keeps its documents. `mayMissRemovals` if some may have been removed without a change for the watcher. */
      readonly kind: 'resumed'
      readonly mayMissRemovals: boolean
    }
  | {
      /** The stream has emitted everything that existed at its start. */
      readonly kind: 'synced'
      readonly by: SyncedBy
    }
  | {
      readonly kind: 'created' | 'reset' | 'removed'
      readonly key: string
      readonly version: number
      readonly commits: number
      readonly value?: JsonObject
    }
  | {
      readonly kind: 'changed' | 'delta'
      readonly key: string
      readonly version: number
      readonly commits: number
      readonly patch: readonly Operation[]
      readonly value?: JsonObject
    }
)

/** The state of the store and all processes when all faults have ended and nothing is pending. */
export interface FinalState {
  readonly at: number
  readonly stored: ReadonlyMap<string, JsonObject>
  /** Cached documents by process. With `replicate: 'on-demand'` a document may not be cached. */
  readonly cached: readonly { readonly by: string; readonly key: string; readonly value: JsonObject | undefined }[]
  /** Whether every process replicates all documents. */
  readonly replicatesAll: boolean
  /** Whether documents can expire. Watchers then receive the removal only of documents that are cached. */
  readonly hasTtl: boolean
  /** Keys that each watcher follows. */
  readonly watchers: ReadonlyMap<string, readonly string[]>
  /** Keys of stored documents whose TTL has ended. */
  readonly overdue: readonly string[]
}

/** Records the history of a schedule. */
export class Recorder implements History {
  readonly commits: Commit[] = []
  readonly calls: Call[] = []
  readonly reads: ReadRecord[] = []
  readonly watchEvents: WatchEvent[] = []
  readonly refusals: Refusal[] = []
  readonly restarts: number[] = []
  readonly losses: ProcessEvent[] = []
  readonly crashes: ProcessEvent[] = []
  readonly finalStates: FinalState[] = []
  readonly problems: string[] = []
  lostLineage = false
  #at = 0

  /** Returns the number of the next event. */
  tick(): number {
    return ++this.#at
  }

  /** Marks the store's last `n` commits as lost. */
  recordLoss(n: number): void {
    const at = this.tick()
    const kept = this.commits.filter(({ lostAt }) => lostAt === undefined)
    for (const commit of n === 0 ? [] : kept.slice(-n)) commit.lostAt = at
  }
}
