import type { DocumentState } from '@sync/admin/parts'
import type { ComparisonCounts, Copy } from './comparison.ts'
import type { ConditionalEditResult, Edit, EditResult, FieldState } from './forecast/edits.ts'
import type { UnitField } from './forecast/units.ts'
import type { JournalLine, JournalQuery, JournalSection } from './journal.ts'
import type { NetworkFault } from './network-fault.ts'
import type { Rate } from './throttle.ts'

/** Copies by key. An absent document has no entry. */
export type Copies = Readonly<Record<string, Copy>>

/** Digest of all documents. Equal digests mean equal values; versions are not included. */
export interface Digest {
  readonly documents: number
  /** SHA-256 in hexadecimal. */
  readonly digest: string
}

/** Progress of an instance: within this epoch it has every commit up to this sequence. */
export interface Progress {
  readonly epoch: string
  readonly sequence: number
}

/** The state of the writer that an instance has to reach. */
export interface CatchUpGoal {
  /** Time in ms since 1970. */
  readonly since: number
  /** Progress of the writer at that time. Absent if its history may not continue. */
  readonly at?: Progress
}

/**
 * Parameters and results of all commands, by name. Both are plain JSON, since a service can run in another process. Each kind of
 * service supports some of the commands.
 */
export interface Commands {
  /** Sets the writes per second. */
  setRate: { readonly params: { readonly rate: Rate }; readonly result: null }
  /** Pauses the writes. Answered when all writes in flight have been committed and published. */
  pauseWrites: { readonly params: null; readonly result: null }
  resumeWrites: { readonly params: null; readonly result: null }
  /** Sets the faults that affect received frames; `{}` for none. */
  setNetworkFault: { readonly params: NetworkFault; readonly result: null }
  /** Holds back received changes of the units, as if they were still in transit, for at most 5 s. */
  holdBackUnits: { readonly params: null; readonly result: null }
  /** Delivers the changes that were held back. */
  releaseUnits: { readonly params: null; readonly result: null }
  /** Returns the cached state of one field of a unit. */
  fieldState: { readonly params: { readonly key: string; readonly field: UnitField }; readonly result: FieldState }
  /** Writes one field of a unit, merged with concurrent writes. */
  edit: { readonly params: Edit; readonly result: EditResult }
  /** Writes one field of a unit if it is at the expected version. */
  compareAndSet: {
    readonly params: Edit & { readonly expectedVersion: number }
    readonly result: ConditionalEditResult
  }
  /** Repairs everything that was missed. Answered when the instance has everything that was in the store at the time of the call. */
  catchUp: { readonly params: null; readonly result: null }
  /** Returns the instance's progress. */
  progress: { readonly params: null; readonly result: Progress }
  /** Waits, without triggering a repair, until the instance has reached the goal; `at` is that time in ms since 1970. */
  waitForCatchUp: { readonly params: CatchUpGoal; readonly result: { readonly at: number } }
  /** Joins another bus in addition. */
  addBus: { readonly params: { readonly url: string }; readonly result: null }
  /** Leaves a bus, unless it is the last one. */
  removeBus: { readonly params: { readonly url: string }; readonly result: null }
  /** Returns the cached copies of these documents. */
  copies: { readonly params: { readonly keys: readonly string[] }; readonly result: Copies }
  /** Returns the digest of all documents. */
  digest: { readonly params: null; readonly result: Digest }
  /** Returns the latest changes that the replica received, newest first. */
  journal: { readonly params: JournalQuery; readonly result: { readonly lines: readonly JournalLine[] } }
  /** Returns one document with its values, versions and recent changes. */
  inspect: {
    readonly params: { readonly section: JournalSection; readonly key: string }
    readonly result: DocumentState
  }
  /** Returns the keys of the documents to compare next. */
  sample: { readonly params: null; readonly result: { readonly keys: readonly string[] } }
  /** Compares the replicas' copies of these documents with the store. */
  compare: {
    readonly params: { readonly keys: readonly string[]; readonly copies: Readonly<Record<string, Copies>> }
    readonly result: Readonly<Record<string, ComparisonCounts>>
  }
}

export type CommandName = keyof Commands

/** Parameters of a command; empty for commands without parameters. */
export type CommandParams<N extends CommandName> = Commands[N]['params'] extends null
  ? []
  : [params: Commands[N]['params']]

/** Handlers of the commands that a service supports. */
export type Handlers = {
  readonly [N in CommandName]?: (
    params: Commands[N]['params'],
  ) => Commands[N]['result'] | Promise<Commands[N]['result']>
}
