import { PositionError } from './errors.ts'

/** "This far I have seen": a place in a section's history. Inside the core; outside it travels as an opaque {@link Position}. */
export interface LogPosition {
  readonly epoch: string
  readonly sequence: number
}

/** A {@link LogPosition} made opaque: keep it, send it, hand it back. It survives JSON and a restart. */
export type Position = string

/** Writes a place as the opaque text that leaves the core. */
export const encodePosition = ({ epoch, sequence }: LogPosition): Position => `${sequence}.${epoch}`

/**
 * Reads a position back.
 * @throws PositionError (`SYNC_POSITION`) if the text is none of ours.
 */
export function decodePosition(position: Position): LogPosition {
  const parts = /^(0|[1-9]\d{0,15})\.(.+)$/s.exec(position)
  if (!parts) throw new PositionError(position)
  return { epoch: parts[2] as string, sequence: Number(parts[1]) }
}
