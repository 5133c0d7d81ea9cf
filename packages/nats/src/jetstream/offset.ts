import { ArgumentError } from '@sync/core'

/**
 * A message's place in a stream. A stream that was deleted and created again numbers its messages from 1, so the creation time
 * identifies the stream.
 */
export interface Offset {
  /** Creation time of the stream, as the server formats it. */
  readonly created: string
  /** Sequence of the message in the stream. */
  readonly sequence: number
}

const OFFSET_FORMAT = /^(\d{4}-\d\d-\d\dT[\d:.]+Z)@(\d{1,15})$/

/** Formats an offset as the text that a bus hands to frame handlers. */
export const formatOffset = ({ created, sequence }: Offset): string => `${created}@${sequence}`

/** Parses an offset. @throws ArgumentError (`SYNC_ARGUMENT`) if the text is not an offset of a JetStream bus */
export function parseOffset(text: string): Offset {
  const parts = OFFSET_FORMAT.exec(text)
  if (!parts) throw new ArgumentError(`after: expected an offset of a JetStream bus, got ${JSON.stringify(text)}`)
  return { created: String(parts[1]), sequence: Number(parts[2]) }
}
