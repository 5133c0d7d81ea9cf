import type { JsonObject, Operation, Position } from '@sync/core'

/**
 * What happened in a schedule, as far as anybody could see it. `at`: everything that happened has a number, in the order in
 * which it did.
 */
export interface History {
  readonly commits: readonly Commit[]
  readonly calls: readonly Call[]
  readonly reads: readonly ReadRecord[]
  readonly watchEvents: readonly WatchEvent[]
  /** When a process was told that the store had lost something. */
  readonly losses: readonly ProcessEvent[]
  /** When a process ended. */
  readonly crashes: readonly ProcessEvent[]
  readonly finalStates: readonly FinalState[]
  /** The store forgot what led to its epoch: then it may tell of a loss where there was none. */
  readonly lostLineage: boolean
  /** What nobody may ever see: an error that is none of ours, a copy that `verify` found to be wrong. */
  readonly problems: readonly string[]
}

interface ProcessEvent {
  readonly by: string
  readonly at: number
}

/** What the store did. */
export interface Commit {
  readonly at: number
  readonly key: string
  readonly epoch: string
  readonly sequence: number
  readonly generation: number
  readonly version: number
  /** The id of the call that says so in the change's meta. */
  readonly call: string | undefined
  /** The document after it, as the store has it; `undefined`: it is gone. */
  readonly after: JsonObject | undefined
  readonly fieldVersions: Readonly<Record<string, number>>
  /** The store's clock at the commit. */
  readonly time: number
  /** It went with a lost tail at that moment. */
  lostAt?: number
}

/** A write of a process, with what it must do to the document that it meets. */
export interface Call {
  readonly id: string
  /** Others may be made under the same id, for the same write: it is done once by all of them. */
  readonly repeats?: string
  readonly by: string
  readonly key: string
  readonly name: string
  readonly began: number
  /** Absent: there was no answer. */
  ended?: number
  /** `unknown`: the caller was told that it may or may not be done. */
  outcome: 'open' | 'done' | 'unchanged' | 'refused' | 'unknown'
  /** The code of the error that it was refused with; only these may be. */
  code?: string
  readonly refusals: readonly string[]
  readonly effect: Effect
}

/** What a write does. */
export type Effect =
  /**
   * Sets fields: their values are found in the document, unless a later call of the same process took their
   * place. `later`: it takes its turn some time after the call.
   */
  | { readonly kind: 'set'; readonly fields: JsonObject; readonly alone: boolean; readonly later?: boolean }
  /** Merges a field by its strategy: what the caller saw, what it wanted. */
  | { readonly kind: 'merge'; readonly field: string; readonly base: unknown; readonly local: unknown }
  /** Adds an element of this id to the list `l`. `only`: to just this state. */
  | { readonly kind: 'list'; readonly only?: { readonly generation?: number; readonly version: number } }
  /** Sets a field that is at this version; 0: that was never set. */
  | { readonly kind: 'compare'; readonly field: string; readonly version: number }
  /** Makes the document if there is none. */
  | { readonly kind: 'create' }
  /** Comes to nothing. */
  | { readonly kind: 'fails' }
  /** Anything else that happens once. */
  | { readonly kind: 'other' }

/** A document as a process held it. */
export interface ReadRecord extends ProcessEvent {
  readonly key: string
  readonly epoch: string
  readonly generation: number
  readonly version: number
  readonly value: JsonObject
  readonly fieldVersions: Readonly<Record<string, number>>
  /** It was asked for as of this commit or later. */
  readonly after: Position | undefined
}

/** What a watcher was told; or that it began (again). */
export type WatchEvent = { readonly watcher: string; readonly at: number } & (
  | {
      /** What it has is kept; `doubtful`: some of it may be gone without a word. */
      readonly kind: 'resumed'
      readonly doubtful: boolean
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

/** All is healed and quiet: what everybody has. */
export interface FinalState {
  readonly at: number
  readonly stored: ReadonlyMap<string, JsonObject>
  /** What each process has of each document; one that is read on demand may hold nothing. */
  readonly held: readonly { readonly by: string; readonly key: string; readonly value: JsonObject | undefined }[]
  readonly holdsAll: boolean
  /** Documents may expire: whoever watches them where they are not held is not told. */
  readonly expiring: boolean
  /** Which documents each watcher follows. */
  readonly watchers: ReadonlyMap<string, readonly string[]>
  /** Whoever made it: has any document outlived its time? */
  readonly overdue: readonly string[]
}

/** Writes the history. */
export class Recorder implements History {
  readonly commits: Commit[] = []
  readonly calls: Call[] = []
  readonly reads: ReadRecord[] = []
  readonly watchEvents: WatchEvent[] = []
  readonly losses: ProcessEvent[] = []
  readonly crashes: ProcessEvent[] = []
  readonly finalStates: FinalState[] = []
  readonly problems: string[] = []
  lostLineage = false
  #at = 0

  /** The number of what happens now. */
  tick(): number {
    return ++this.#at
  }

  /** The store's last commits are lost. */
  recordLoss(n: number): void {
    const at = this.tick()
    const kept = this.commits.filter(({ lostAt }) => lostAt === undefined)
    for (const commit of n === 0 ? [] : kept.slice(-n)) commit.lostAt = at
  }
}
