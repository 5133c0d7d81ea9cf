import type { Place } from '../model/position.ts'
import type { CommitResult } from '../transport/store.ts'
import type { EncodedChange } from '../transport/wire.ts'

/** What a write came to. */
export interface Outcome {
  readonly changed: boolean
  /** Did the document exist before? */
  readonly existed: boolean
  readonly version: number
  readonly place: Place
  /** The change, if there was one. */
  readonly change?: EncodedChange
}

/** The answers by which a write is done. */
export type Done = Extract<CommitResult, { status: 'committed' | 'unchanged' }>

/** The outcome that an answer stands for. */
export function outcomeOf(result: Done): Outcome {
  const { epoch, sequence } = result.standing
  if (result.status === 'unchanged') {
    const { generation, version } = result.current
    return { changed: false, existed: generation > 0, version, place: { epoch, sequence } }
  }
  const { change, version, existed } = result
  return { changed: true, existed, version, place: { epoch, sequence: change.sequence }, change }
}
