import type { RemovedReason, ResetReason, SyncedBy } from '../collection/api.ts'
import type { SectionRef } from '../model/address.ts'
import type { JsonObject } from '../model/json.ts'
import type { Operation } from '../model/operation.ts'
import type { Position } from '../model/position.ts'

/*
 * A recording, version 2: JSON Lines, UTF-8. Readers ignore members that they do not know.
 *
 *   first line   {"recording":2,"partition":…,"section":…,"from":"now" | "snapshot" | {"after":position},"at":…}
 *   a change     {"key":…,"kind":"created","version":…,"position":…,"at":…,"value":{…},"meta":{…}?}
 *                {… "kind":"reset", … "value":{…},"reason":…}
 *                {… "kind":"changed", … "patch":[op, …]}      RFC 6902, on the whole document
 *                {… "kind":"removed", … "reason":…}
 *   a bookmark   {"position":…,"synced":"snapshot" | "log"?}     new in version 2
 *   last line    {"end":number of changes}
 */

/** Major version of the recording format that this release writes, and the highest that it reads. */
export const RECORDING_VERSION = 2

/** First line of a recording: its section and starting point. */
export interface RecordingStart extends SectionRef {
  /** Format version. */
  readonly recording: number
  /** Starting point. A recording from `snapshot` is self-contained; others continue another recording or a copy. */
  readonly from: 'now' | 'snapshot' | { readonly after: Position }
  /** Time of the start on the recorder's clock, in ms since 1970. */
  readonly at: number
}

/** One recorded change. */
export type RecordedChange = {
  readonly key: string
  /** Version of the document after the change. */
  readonly version: number
  /** Position after which another recording can continue: `record(collection, { from: { after: position } })`. */
  readonly position: Position
  /** Time of the commit on the store's clock, in ms since 1970. */
  readonly at: number
  /** Strings that the writer attached. */
  readonly meta?: Readonly<Record<string, string>>
} & (
  | { readonly kind: 'created'; readonly value: JsonObject }
  | { readonly kind: 'reset'; readonly value: JsonObject; readonly reason: ResetReason }
  | { readonly kind: 'changed'; readonly patch: readonly Operation[] }
  | { readonly kind: 'removed'; readonly reason: RemovedReason }
)

/** A position that the recording has reached without another change, as an empty or synced batch of the stream. */
export interface RecordedBookmark {
  /** Position after which another recording can continue. */
  readonly position: Position
  /** Present if the recording contains everything that existed at its start: `snapshot` or `log`. */
  readonly synced?: SyncedBy
}

/** Last line of a complete recording. */
export interface RecordingEnd {
  /** Number of changes in the recording. */
  readonly end: number
}
