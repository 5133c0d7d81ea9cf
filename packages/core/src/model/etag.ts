import { ArgumentError } from './errors.ts'
import type { LogPosition } from './position.ts'

/** Identifies one state of one document. */
export interface DocumentState {
  readonly version: number
  readonly generation: number
  /** Section position as of which the state was read. */
  readonly readAt: LogPosition
}

/**
 * Opaque identifier of one state of one document. It can be stored as JSON and used after a restart or in another
 * instance.
 *
 * A strong entity tag in quotes (RFC 9110, section 8.8.3). It can be used unchanged in the HTTP headers `ETag` and
 * `If-Match`.
 */
export type ETag = string

/** Encodes a document state as an ETag. */
export const encodeETag = ({ version, generation, readAt: { epoch, sequence } }: DocumentState): ETag =>
  `"${[version, generation, sequence].map((counter) => counter.toString(36)).join('.')}.${encodeURIComponent(epoch)}"`

const ETAG = /^"([0-9a-z]{1,11})\.([0-9a-z]{1,11})\.([0-9a-z]{1,11})\.([\w.!~*'()%-]+)"$/

/**
 * Decodes an ETag.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if the text is not an ETag of a document
 */
export function decodeETag(etag: string): DocumentState {
  const [, version = '', generation = '', sequence = '', epoch = ''] = ETAG.exec(etag) ?? []
  if (version === '')
    throw new ArgumentError(
      `ifMatch: expected the quoted etag of an entry, such as "1.5.9.x", got ${JSON.stringify(etag)}`,
    )
  return {
    version: Number.parseInt(version, 36),
    generation: Number.parseInt(generation, 36),
    readAt: { epoch: decodeEpoch(epoch), sequence: Number.parseInt(sequence, 36) },
  }
}

function decodeEpoch(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new ArgumentError(`ifMatch: expected the quoted etag of an entry, got an invalid escape in ${text}`, {
      cause,
    })
  }
}
