import type { Change } from '../model/change.ts'
import type { JsonObject } from '../model/json.ts'

/** Why a replica was loaded again, in the words a watcher is told. */
export type ReloadReason = 'snapshot' | 'epoch' | 'log-truncated' | 'expired'

/**
 * Something a replica, or the section as a whole, showed.
 *
 * - `change`: one committed change; with `value` (and, unless it is a birth, `previous`) where the document is held.
 * - `jump`: the document is now `value` (absent: gone), and the way there was not seen change by change.
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
      readonly isHeld: boolean
      readonly value?: JsonObject | undefined
      readonly previous?: JsonObject | undefined
    }
  | { readonly kind: 'reset'; readonly reason: ReloadReason; readonly value: JsonObject | undefined }
)

/** An observation of a single change. */
export type ReplicaChange = Extract<ReplicaEvent, { readonly kind: 'change' }>

/** Wraps a change with what is known around it. */
export const replicaChange = (
  change: Change,
  isHeld: boolean,
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
  isHeld,
  value,
  previous,
})
