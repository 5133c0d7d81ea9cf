import type { LogPosition } from '../model/position.ts'
import type { CommitResult } from '../transport/store.ts'
import type { EncodedChange } from '../transport/wire.ts'

/** Outcome of a write. */
export interface CommitOutcome {
  readonly changed: boolean
  /** Whether the document existed before the write. */
  readonly existed: boolean
  readonly version: number
  readonly position: LogPosition
  /** The committed change; absent if nothing changed. */
  readonly change?: EncodedChange
}

/** Store answers that complete a write. */
export type SuccessfulResult = Extract<CommitResult, { status: 'committed' | 'unchanged' }>

/** Converts a store answer to an outcome. */
export function toOutcome(result: SuccessfulResult): CommitOutcome {
  const { epoch, sequence } = result.state
  if (result.status === 'unchanged') {
    const { generation, version } = result.current
    return { changed: false, existed: generation > 0, version, position: { epoch, sequence } }
  }
  const { change, version, existed } = result
  return { changed: true, existed, version, position: { epoch, sequence: change.sequence }, change }
}
