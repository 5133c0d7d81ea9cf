import { ArgumentError } from '@sync/core'

/** A place in a stream. One that was made anew counts from 1 again: it is told by when it was made. */
export interface Offset {
  readonly created: string
  readonly sequence: number
}

const OFFSET_FORMAT = /^(\d{4}-\d\d-\d\dT[\d:.]+Z)@(\d{1,15})$/

/** An offset as text. */
export const formatOffset = ({ created, sequence }: Offset): string => `${created}@${sequence}`

/** An offset from text. @throws ArgumentError (`SYNC_ARGUMENT`) */
export function parseOffset(text: string): Offset {
  const parts = OFFSET_FORMAT.exec(text)
  if (!parts) throw new ArgumentError('after: this is no offset of a JetStream bus')
  return { created: String(parts[1]), sequence: Number(parts[2]) }
}
