import { PositionError } from './errors.ts'

/**
 * Position in a section's history: everything in `epoch` up to `sequence`. Outside the core it travels as an opaque
 * {@link Position}.
 */
export interface LogPosition {
  readonly epoch: string
  readonly sequence: number
}

/** Opaque position in a section's history: "everything up to here". It can be stored as JSON and used after a restart. */
export type Position = string

/** Encodes a log position as an opaque string. */
export const encodePosition = ({ epoch, sequence }: LogPosition): Position => `${sequence}.${epoch}`

/**
 * Decodes a position.
 * @throws PositionError (`SYNC_POSITION`) if the string is not a position
 */
export function decodePosition(position: Position): LogPosition {
  const parts = /^(0|[1-9]\d{0,15})\.(.+)$/s.exec(position)
  if (!parts) throw new PositionError(position)
  return { epoch: parts[2] as string, sequence: Number(parts[1]) }
}
