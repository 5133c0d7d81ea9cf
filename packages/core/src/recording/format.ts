import type { RemovedReason, ResetReason } from '../collection/api.ts'
import type { SectionRef } from '../model/address.ts'
import type { JsonObject } from '../model/json.ts'
import type { Operation } from '../model/operation.ts'
import type { Position } from '../model/position.ts'

/*
 * A recording, version 1: JSON Lines, UTF-8. Members that a reader does not know are passed over.
 *
 *   first line   {"recording":1,"partition":…,"section":…,"from":"now" | "snapshot" | {"after":position},"at":…}
 *   a change     {"key":…,"kind":"created","version":…,"position":…,"at":…,"value":{…},"meta":{…}?}
 *                {… "kind":"reset", … "value":{…},"reason":…}
 *                {… "kind":"changed", … "patch":[op, …]}      RFC 6902, on the whole document
 *                {… "kind":"removed", … "reason":…}
 *   last line    {"end":number of changes}
 */

/** The major version of recordings that this release writes, and the highest that it reads. */
export const RECORDING_VERSION = 1

/** The first line of a recording: what it is of, and where it begins. */
export interface RecordingStart extends SectionRef {
  /** The version of the format. */
  readonly recording: number
  /** From a snapshot on it stands by itself; otherwise it goes on where another recording, or a copy, ended. */
  readonly from: 'now' | 'snapshot' | { readonly after: Position }
  /** When it was begun, on the recorder's clock, ms since 1970. */
  readonly at: number
}

/** One change, as a recording has it. */
export type RecordedChange = {
  readonly key: string
  readonly version: number
  /** Where to go on behind it: `record(collection, { from: { after: position } })`. */
  readonly position: Position
  /** The store's clock at the commit, ms since 1970. */
  readonly at: number
  readonly meta?: Readonly<Record<string, string>>
} & (
  | { readonly kind: 'created'; readonly value: JsonObject }
  | { readonly kind: 'reset'; readonly value: JsonObject; readonly reason: ResetReason }
  | { readonly kind: 'changed'; readonly patch: readonly Operation[] }
  | { readonly kind: 'removed'; readonly reason: RemovedReason }
)

/** The last line of a recording that came to its end. */
export interface RecordingEnd {
  /** How many changes it has. */
  readonly end: number
}
