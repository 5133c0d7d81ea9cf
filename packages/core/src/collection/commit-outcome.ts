import type { LogPosition } from '../model/position.ts'
import type { CommitResult } from '../transport/store.ts'
import type { EncodedChange } from '../transport/wire.ts'

/** What a write came to. */
export interface CommitOutcome {
  readonly changed: boolean
  /** Did the document exist before? */
  readonly existed: boolean
  readonly version: number
  readonly position: LogPosition
  /** The change, if there was one. */
  readonly change?: EncodedChange
}

/** The answers by which a write is done. */
export type SuccessfulResult = Extract<CommitResult, { status: 'committed' | 'unchanged' }>

/** The outcome that an answer stands for. */
export function toOutcome(result: SuccessfulResult): CommitOutcome {
  const { epoch, sequence } = result.state
  if (result.status === 'unchanged') {
    const { generation, version } = result.current
    return { changed: false, existed: generation > 0, version, position: { epoch, sequence } }
  }
  const { change, version, existed } = result
  return { changed: true, existed, version, position: { epoch, sequence: change.sequence }, change }
}
