import type { SectionRef } from '../model/address.ts'
import type { SyncError } from '../model/errors.ts'
import type { SectionDefinition } from '../model/section-definition.ts'
import type { BusStatus } from '../transport/bus.ts'
import type { ConflictReport } from './conflict.ts'

/** An event of a section other than a data change. */
export type SectionEvent =
  /**
   * A change arrived, and its predecessors did not follow within the reorder window. `missing`: the known number of
   * missing changes.
   */
  | { readonly type: 'gap'; readonly key?: string; readonly missing: number }
  /** A gap was repaired. `changes`: number of changes read for it, including those that had arrived early. */
  | { readonly type: 'repaired'; readonly by: 'log' | 'load'; readonly changes: number }
  /**
   * The store's history continues in another epoch. `lost`: a change that was emitted or acknowledged here is not part
   * of it.
   */
  | {
      readonly type: 'epoch'
      readonly from: string
      readonly to: string
      readonly lost: boolean
      readonly fork?: number
    }
  /**
   * A write of this instance found a newer document than it was based on. It is rebuilt, or rejected if it has a
   * precondition.
   */
  | ({ readonly type: 'conflict' } & ConflictReport)
  /** A frame, or changes in it, could not be decoded. They count as lost, and the store is asked at once. */
  | { readonly type: 'frame-rejected'; readonly error: SyncError }
  /** A change did not apply to its document, which is reloaded. */
  | { readonly type: 'patch-rejected'; readonly key: string; readonly error: SyncError }
  /** A cached document differed from the store's at the same version. It is reloaded. */
  | { readonly type: 'inconsistent'; readonly key: string; readonly version: number }
  /**
   * The bus, or one of several, did not accept these committed changes. Instances that depend on it find them by the
   * heartbeat check.
   */
  | { readonly type: 'publish-failed'; readonly changes: number; readonly error: SyncError }
  /**
   * Another service defines the section differently: `theirs` is the store's definition. If `subscribeBy` differs, this
   * instance's writes are rejected, and it finds other instances' writes only by the heartbeat check.
   */
  | { readonly type: 'definition-mismatch'; readonly ours: SectionDefinition; readonly theirs: SectionDefinition }
  /** An error in work that no caller awaits, such as an exception in a listener. */
  | { readonly type: 'error'; readonly error: unknown }

/** An event of an instance as a whole. */
export type InstanceEvent =
  | { readonly type: 'store-unavailable'; readonly error: SyncError }
  | { readonly type: 'store-available' }
  | { readonly type: 'bus'; readonly status: BusStatus }
  /** An exception in a listener of these events. One that fails on this event too throws an uncaught exception. */
  | { readonly type: 'error'; readonly error: unknown }

/** An event of `onEvent`. `at`: this instance's clock, in ms since 1970. */
export type SyncEvent = { readonly at: number } & (InstanceEvent | (SectionRef & SectionEvent))

/** The event of a conflict. */
export type ConflictEvent = Extract<SyncEvent, { type: 'conflict' }>
