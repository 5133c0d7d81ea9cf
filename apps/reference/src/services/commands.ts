import type { ComparisonCounts, Copy } from './comparison.ts'
import type { ConditionalEditResult, Edit, EditResult, FieldState } from './forecast/edits.ts'
import type { UnitField } from './forecast/units.ts'
import type { JournalLine, JournalQuery } from './journal.ts'
import type { NetworkFault } from './network-fault.ts'
import type { Rate } from './throttle.ts'

/** Copies by key. A document that is not there has none. */
export type Copies = Readonly<Record<string, Copy>>

/** All documents in a few words: equal digests mean equal documents, whatever their versions. */
export interface Digest {
  readonly documents: number
  /** SHA-256 in hexadecimal. */
  readonly digest: string
}

/** How far an instance is: within one epoch, every commit up to this one it has seen. */
export interface Progress {
  readonly epoch: string
  readonly sequence: number
}

/** A moment of the writer, to be caught up with. */
export interface CatchUpGoal {
  /** Ms since 1970. */
  readonly since: number
  /** Where the writer was then. Absent: that its history goes on is not sure. */
  readonly at?: Progress
}

/**
 * What a service can be asked for, by name: what the order takes and what it gives, plain JSON both, so that the service may be
 * another process. Each kind of service knows some of them.
 */
export interface Commands {
  /** So many writes per second from now on. */
  pace: { readonly params: { readonly rate: Rate }; readonly result: null }
  /** Writes nothing more until `release`; answered when all that was begun is committed and published. */
  hold: { readonly params: null; readonly result: null }
  release: { readonly params: null; readonly result: null }
  /** What happens to the frames on their way to it from now on; `{}`: nothing any more. */
  disturb: { readonly params: NetworkFault; readonly result: null }
  /** Hears nothing of the units from now on, as if the news were still under way; for 5 s at most. */
  withholdUnits: { readonly params: null; readonly result: null }
  /** Hears what was withheld. */
  handOverUnits: { readonly params: null; readonly result: null }
  /** One field of a unit, as it holds it. */
  standing: { readonly params: { readonly key: string; readonly field: UnitField }; readonly result: FieldState }
  /** Writes one field of a unit, merged with what others wrote meanwhile. */
  edit: { readonly params: Edit; readonly result: EditResult }
  /** Writes one field of a unit if it stands at a version. */
  tryEdit: { readonly params: Edit & { readonly expectedVersion: number }; readonly result: ConditionalEditResult }
  /** Answered when it holds all that the store held when it was asked. */
  check: { readonly params: null; readonly result: null }
  /** How far it is now. */
  where: { readonly params: null; readonly result: Progress }
  /** Answered when it has found by itself that it holds all that was written up to the mark; `at` in ms since 1970. */
  caughtUp: { readonly params: CatchUpGoal; readonly result: { readonly at: number } }
  /** Hears and is heard on one more bus. */
  addBus: { readonly params: { readonly url: string }; readonly result: null }
  /** Leaves a bus that is not its last one. */
  removeBus: { readonly params: { readonly url: string }; readonly result: null }
  /** What it holds of these. */
  copies: { readonly params: { readonly keys: readonly string[] }; readonly result: Copies }
  /** Of all that it holds. */
  digest: { readonly params: null; readonly result: Digest }
  /** Who changed what lately, as it heard it; newest first. */
  journal: { readonly params: JournalQuery; readonly result: { readonly lines: readonly JournalLine[] } }
  /** Which documents to compare next. */
  sample: { readonly params: null; readonly result: { readonly keys: readonly string[] } }
  /** Compares what the replicas hold of these with the store. */
  judge: {
    readonly params: { readonly keys: readonly string[]; readonly held: Readonly<Record<string, Copies>> }
    readonly result: Readonly<Record<string, ComparisonCounts>>
  }
}

export type CommandName = keyof Commands

/** What goes with an order; nothing with some. */
export type CommandParams<N extends CommandName> = Commands[N]['params'] extends null
  ? []
  : [given: Commands[N]['params']]

/** Does what it is asked for. */
export type Handlers = {
  readonly [N in CommandName]?: (given: Commands[N]['params']) => Commands[N]['result'] | Promise<Commands[N]['result']>
}
