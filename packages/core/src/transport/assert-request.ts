import { assertDocumentRef, assertInteger, formatValue } from '../model/assert.ts'
import { MAX_DURATION_MS } from '../model/duration.ts'
import { ArgumentError, LimitError } from '../model/errors.ts'
import type { CommitRequest, KeyQuery } from './store.ts'
import { utf8ByteLength } from './utf8.ts'

/** Throws unless a TTL is a positive number of ms, at most 36,500 days. @throws ArgumentError (`SYNC_ARGUMENT`) */
export function assertTtl(ttl: number): void {
  if (ttl > 0 && ttl <= MAX_DURATION_MS) return
  throw new ArgumentError(`ttl: expected a positive number of ms, at most ${MAX_DURATION_MS}, got ${String(ttl)}`)
}

/**
 * Validates a request for a page of keys, except for its section.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if the request is malformed
 */
export function assertKeyQuery({ prefix, after, limit }: KeyQuery): void {
  assertInteger(limit, 'limit', 1)
  for (const [name, value] of Object.entries({ prefix, after }))
    if (value !== undefined && typeof value !== 'string')
      throw new ArgumentError(`${name}: expected a string, got ${formatValue(value)}`)
}

/**
 * Validates everything about a commit request that does not depend on stored data, so that a commit cannot fail
 * halfway.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if the request is malformed
 * @throws LimitError (`SYNC_LIMIT`) if its field texts exceed `maxCommitBytes`
 */
export function assertCommitRequest({ ref, op, ttl, fields }: CommitRequest, maxCommitBytes: number): void {
  assertDocumentRef(ref)
  if (typeof op.id !== 'string' || op.id === '')
    throw new ArgumentError(`op id: expected a non-empty string, got ${formatValue(op.id)}`, { address: ref })
  if (ttl !== undefined) assertTtl(ttl)
  if (fields.length > 1 && new Set(fields.map(({ field }) => field)).size < fields.length) {
    throw new ArgumentError('fields: expected each field once, got a duplicate', { address: ref })
  }
  let units = 0
  for (const { field, whole, delta } of fields) {
    if (delta && whole === undefined) {
      throw new ArgumentError('expected the whole value beside the delta, got the delta alone', {
        address: { ...ref, field },
      })
    }
    units += (whole?.length ?? 0) + (delta?.ops.length ?? 0)
  }
  // A code unit has at most 3 bytes, so only requests that may be too large are counted exactly.
  if (units * 3 <= maxCommitBytes) return
  const bytes = fields.reduce(
    (sum, { whole = '', delta }) => sum + utf8ByteLength(whole) + utf8ByteLength(delta?.ops ?? ''),
    0,
  )
  if (bytes > maxCommitBytes)
    throw new LimitError(`expected a commit of at most ${maxCommitBytes} bytes, got ${bytes}`, { address: ref })
}
