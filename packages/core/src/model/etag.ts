import { ArgumentError } from './errors.ts'
import type { LogPosition } from './position.ts'

/** One state of one document. */
export interface DocumentState {
  readonly version: number
  readonly generation: number
  /** As of when it was read. */
  readonly readAt: LogPosition
}

/** A {@link DocumentState} made opaque, for what leaves the process: a page, a queue. It survives JSON and a restart. */
export type ETag = string

/** Writes a state as the opaque text that leaves the core. */
export const encodeETag = ({ version, generation, readAt: { epoch, sequence } }: DocumentState): ETag =>
  [version.toString(36), generation.toString(36), sequence.toString(36), epoch].join('.')

/**
 * Reads a token back.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if the text is none of ours
 */
export function decodeETag(token: ETag): DocumentState {
  const parts = /^([0-9a-z]{1,11})\.([0-9a-z]{1,11})\.([0-9a-z]{1,11})\.(.+)$/s.exec(token)
  if (!parts) throw new ArgumentError(`not a token: ${JSON.stringify(token)}`)
  const [version, generation, sequence] = parts.slice(1, 4).map((part) => Number.parseInt(part, 36))
  return {
    version: version as number,
    generation: generation as number,
    readAt: { epoch: parts[4] as string, sequence: sequence as number },
  }
}
