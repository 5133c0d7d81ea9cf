import type { Change } from '../model/change.ts'
import type { JsonObject } from '../model/json.ts'

/** Reason for a reload, as watchers receive it. */
export type ReloadReason = 'snapshot' | 'epoch' | 'log-truncated' | 'expired'

/**
 * An event of a replica or of the whole section.
 *
 * - `change`: one committed change; if the document is cached, with `value` and, except for a creation, `previous`.
 * - `reset`: the document is now `value` (absent: it does not exist), without the changes that led to it.
 */
export type ReplicaEvent = {
  readonly key: string
  readonly epoch: string
  readonly sequence: number
  readonly version: number
  readonly at: number
} & (
  | {
      readonly kind: 'change'
      readonly change: Change
      readonly isCached: boolean
      readonly value?: JsonObject | undefined
      readonly previous?: JsonObject | undefined
    }
  | { readonly kind: 'reset'; readonly reason: ReloadReason; readonly value: JsonObject | undefined }
)

/** The event of a single change. */
export type ReplicaChange = Extract<ReplicaEvent, { readonly kind: 'change' }>

/** Creates the event of a change. */
export const replicaChange = (
  change: Change,
  isCached: boolean,
  value?: JsonObject | undefined,
  previous?: JsonObject | undefined,
): ReplicaChange => ({
  kind: 'change',
  key: change.key,
  epoch: change.epoch,
  sequence: change.sequence,
  version: change.version,
  at: change.time,
  change,
  isCached,
  value,
  previous,
})
