import type { Disturbance } from './disturbance.ts'
import type { Edit, Edited, Standing, Tried } from './forecast/edits.ts'
import type { UnitField } from './forecast/units.ts'
import type { JournalLine, JournalQuery } from './journal.ts'
import type { Rate } from './throttle.ts'
import type { Copy, Tally } from './verdict.ts'

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
export interface Mark {
  /** Ms since 1970. */
  readonly since: number
  /** Where the writer was then. Absent: that its history goes on is not sure. */
  readonly at?: Progress
}

/**
 * What a service can be asked for, by name: what the order takes and what it gives, plain JSON both, so that the service may be
 * another process. Each kind of service knows some of them.
 */
export interface Orders {
  /** So many writes per second from now on. */
  pace: { readonly takes: { readonly rate: Rate }; readonly gives: null }
  /** Writes nothing more until `release`; answered when all that was begun is committed and published. */
  hold: { readonly takes: null; readonly gives: null }
  release: { readonly takes: null; readonly gives: null }
  /** What happens to the frames on their way to it from now on; `{}`: nothing any more. */
  disturb: { readonly takes: Disturbance; readonly gives: null }
  /** Hears nothing of the units from now on, as if the news were still under way; for 5 s at most. */
  withholdUnits: { readonly takes: null; readonly gives: null }
  /** Hears what was withheld. */
  handOverUnits: { readonly takes: null; readonly gives: null }
  /** One field of a unit, as it holds it. */
  standing: { readonly takes: { readonly key: string; readonly field: UnitField }; readonly gives: Standing }
  /** Writes one field of a unit, merged with what others wrote meanwhile. */
  edit: { readonly takes: Edit; readonly gives: Edited }
  /** Writes one field of a unit if it stands at a version. */
  tryEdit: { readonly takes: Edit & { readonly expectedVersion: number }; readonly gives: Tried }
  /** Answered when it holds all that the store held when it was asked. */
  check: { readonly takes: null; readonly gives: null }
  /** How far it is now. */
  where: { readonly takes: null; readonly gives: Progress }
  /** Answered when it has found by itself that it holds all that was written up to the mark; `at` in ms since 1970. */
  caughtUp: { readonly takes: Mark; readonly gives: { readonly at: number } }
  /** Hears and is heard on one more bus. */
  addBus: { readonly takes: { readonly url: string }; readonly gives: null }
  /** Leaves a bus that is not its last one. */
  removeBus: { readonly takes: { readonly url: string }; readonly gives: null }
  /** What it holds of these. */
  copies: { readonly takes: { readonly keys: readonly string[] }; readonly gives: Copies }
  /** Of all that it holds. */
  digest: { readonly takes: null; readonly gives: Digest }
  /** Who changed what lately, as it heard it; newest first. */
  journal: { readonly takes: JournalQuery; readonly gives: { readonly lines: readonly JournalLine[] } }
  /** Which documents to compare next. */
  sample: { readonly takes: null; readonly gives: { readonly keys: readonly string[] } }
  /** Compares what the replicas hold of these with the store. */
  judge: {
    readonly takes: { readonly keys: readonly string[]; readonly held: Readonly<Record<string, Copies>> }
    readonly gives: Readonly<Record<string, Tally>>
  }
}

export type OrderName = keyof Orders

/** What goes with an order; nothing with some. */
export type Given<N extends OrderName> = Orders[N]['takes'] extends null ? [] : [given: Orders[N]['takes']]

/** Does what it is asked for. */
export type Handlers = {
  readonly [N in OrderName]?: (given: Orders[N]['takes']) => Orders[N]['gives'] | Promise<Orders[N]['gives']>
}
