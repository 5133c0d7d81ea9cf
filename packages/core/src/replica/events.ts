import type { SectionRef } from '../model/address.ts'
import type { SyncError } from '../model/errors.ts'
import type { SectionDefinition } from '../model/section-definition.ts'
import type { BusStatus } from '../transport/bus.ts'
import type { ConflictReport } from './conflict.ts'

/** Something that happened to a section, beside its data. */
export type SectionEvent =
  /** A change arrived whose predecessors did not, and the reorder window has passed. `missing`: how many, as far as is known. */
  | { readonly type: 'gap'; readonly key?: string; readonly missing: number }
  /** What was missed is here now. `changes`: how many were read for it, what had come too early among them. */
  | { readonly type: 'repaired'; readonly by: 'log' | 'load'; readonly changes: number }
  /** The store's history goes on in another epoch. `lost`: something shown or acknowledged here is not part of it. */
  | {
      readonly type: 'epoch'
      readonly from: string
      readonly to: string
      readonly lost: boolean
      readonly fork?: number
    }
  /** An own write met another state than it took for granted, and is built again (or refused, where it insisted). */
  | ({ readonly type: 'conflict' } & ConflictReport)
  /** A frame, or changes in it, could not be read: counted as lost, and asked for at once. */
  | { readonly type: 'frame-rejected'; readonly error: SyncError }
  /** A change did not fit its document, which is loaded anew. */
  | { readonly type: 'patch-rejected'; readonly key: string; readonly error: SyncError }
  /** A held document was not what the store has at that version; it is loaded anew. */
  | { readonly type: 'inconsistent'; readonly key: string; readonly version: number }
  /** The bus, or one of several, did not take these committed changes: who hears it alone finds them by the silence check. */
  | { readonly type: 'publish-failed'; readonly changes: number; readonly error: SyncError }
  /**
   * Another service defines the section in another way: `theirs` is what the store notes. With another `follow` writes
   * from here are refused, and what others write is found by the silence check only.
   */
  | { readonly type: 'definition-mismatch'; readonly ours: SectionDefinition; readonly theirs: SectionDefinition }
  /** Something that nobody waited for went wrong, such as a listener that threw. */
  | { readonly type: 'error'; readonly error: unknown }

/** Something that happened to an instance as a whole. */
export type InstanceEvent =
  | { readonly type: 'store-unavailable'; readonly error: SyncError }
  | { readonly type: 'store-available' }
  | { readonly type: 'bus'; readonly status: BusStatus }

/** What `onEvent` tells; `at` in ms since 1970, on this instance's clock. */
export type SyncEvent = { readonly at: number } & (InstanceEvent | (SectionRef & SectionEvent))

/** A conflict, as an event. */
export type ConflictEvent = Extract<SyncEvent, { type: 'conflict' }>
