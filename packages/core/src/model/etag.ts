import { formatValue } from './assert.ts'
import { ArgumentError } from './errors.ts'
import { hash64 } from './hash.ts'
import type { JsonObject } from './json.ts'

/** Identifies one state of one document. */
export interface DocumentState {
  readonly version: number
  readonly generation: number
  /** Hash of the document's content. After a fork, another content can have the same generation and version. */
  readonly hash: string
}

/**
 * Opaque identifier of one state of one document. It can be stored as JSON and used after a restart or in another
 * instance.
 *
 * A strong entity tag in quotes (RFC 9110, section 8.8.3). It can be used unchanged in the HTTP headers `ETag` and
 * `If-Match`. Equal ETags identify equal states, and one state has the same ETag on every instance. With `migrate`, the
 * state is that of the stored document.
 */
export type ETag = string

/** Encodes a document state as an ETag. */
export const encodeETag = ({ version, generation, hash }: DocumentState): ETag =>
  `"${generation.toString(36)}.${version.toString(36)}-${hash}"`

const ETAG = /^"([0-9a-z]{1,11})\.([0-9a-z]{1,11})-([0-9a-f]{16})"$/

/** Any entity tag (RFC 9110, section 8.8.3), weak or strong. */
const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/
/** A state that no document is in. */
const NO_STATE: DocumentState = { version: -1, generation: -1, hash: '' }

/**
 * Decodes an ETag. An entity tag from elsewhere decodes to a state that no document is in, and so does a weak one: HTTP
 * requires that it does not match (RFC 9110, section 13.1.1).
 * @throws ArgumentError (`SYNC_ARGUMENT`) if the text is not a single entity tag
 */
export function decodeETag(etag: string): DocumentState {
  if (typeof etag !== 'string' || !ENTITY_TAG.test(etag))
    throw new ArgumentError(
      `ifMatch: expected the quoted etag of an entry, such as "1.5-0123456789abcdef", got ${formatValue(etag)}`,
    )
  const [, generation, version = '', hash = ''] = ETAG.exec(etag) ?? []
  if (generation === undefined) return NO_STATE
  return { version: Number.parseInt(version, 36), generation: Number.parseInt(generation, 36), hash }
}

/** Hashes of the documents that were asked for one. Documents are frozen, so that each object is one content. */
const hashes = new WeakMap<JsonObject, string>()

/** Returns the hash of a frozen document whose members are in canonical order. Computes it once per object. */
export function hashOf(document: JsonObject): string {
  let hash = hashes.get(document)
  if (hash === undefined) {
    hash = hash64(JSON.stringify(document))
    hashes.set(document, hash)
  }
  return hash
}
