import { formatValue } from './assert.ts'
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
 * `If-Match`. Equal ETags identify equal states. The reverse does not hold: one state has different ETags on instances that
 * loaded it at different positions, so compare states with `ifMatch` rather than by their ETags.
 */
export type ETag = string

/** Encodes a document state as an ETag. */
export const encodeETag = ({ version, generation, readAt: { epoch, sequence } }: DocumentState): ETag =>
  `"${[version, generation, sequence].map((counter) => counter.toString(36)).join('.')}.${encodeURIComponent(epoch)}"`

const ETAG = /^"([0-9a-z]{1,11})\.([0-9a-z]{1,11})\.([0-9a-z]{1,11})\.([\w.!~*'()%-]+)"$/

/** Any entity tag (RFC 9110, section 8.8.3), weak or strong. */
const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/
/** A state that no document is in. */
const NO_STATE: DocumentState = { version: -1, generation: -1, readAt: { epoch: '', sequence: 0 } }

/**
 * Decodes an ETag. An entity tag from elsewhere decodes to a state that no document is in, and so does a weak one: HTTP
 * requires that it does not match (RFC 9110, section 13.1.1).
 * @throws ArgumentError (`SYNC_ARGUMENT`) if the text is not a single entity tag
 */
export function decodeETag(etag: string): DocumentState {
  if (typeof etag !== 'string' || !ENTITY_TAG.test(etag))
    throw new ArgumentError(
      `ifMatch: expected the quoted etag of an entry, such as "1.5.9.x", got ${formatValue(etag)}`,
    )
  const [, version, generation = '', sequence = '', epoch = ''] = ETAG.exec(etag) ?? []
  if (version === undefined) return NO_STATE
  const [v, g, s] = [version, generation, sequence].map((text) => Number.parseInt(text, 36)) as [number, number, number]
  try {
    return { version: v, generation: g, readAt: { epoch: decodeURIComponent(epoch), sequence: s } }
  } catch {
    return NO_STATE
  }
}
