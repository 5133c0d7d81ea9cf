import { assertDocumentRef } from '../model/assert.ts'
import { ArgumentError, LimitError } from '../model/errors.ts'
import type { CommitRequest } from './store.ts'
import { utf8ByteLength } from './utf8.ts'

/** Checks a TTL. @throws ArgumentError (`SYNC_ARGUMENT`) unless it is a positive finite number of ms. */
export function assertTtl(ttl: number): void {
  if (ttl > 0 && ttl < Number.POSITIVE_INFINITY) return
  throw new ArgumentError(`ttl: not a positive number of ms: ${String(ttl)}`)
}

/**
 * All that can be wrong with a request by itself. After this it cannot fail halfway.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if it makes no sense
 * @throws LimitError (`SYNC_LIMIT`) if its field texts are larger than `maxCommitBytes`
 */
export function assertCommitRequest({ ref, op, ttl, fields }: CommitRequest, maxCommitBytes: number): void {
  assertDocumentRef(ref)
  if (typeof op.id !== 'string' || op.id === '')
    throw new ArgumentError('op id: not a non-empty string', { address: ref })
  if (ttl !== undefined) assertTtl(ttl)
  if (fields.length > 1 && new Set(fields.map(({ field }) => field)).size < fields.length) {
    throw new ArgumentError('a field is named twice', { address: ref })
  }
  let units = 0
  for (const { field, whole, delta } of fields) {
    if (delta && whole === undefined) {
      throw new ArgumentError('an inner patch without the whole value', { address: { ...ref, field } })
    }
    units += (whole?.length ?? 0) + (delta?.ops.length ?? 0)
  }
  // a code unit is 3 bytes at most: only what may be too large is counted exactly
  if (units * 3 <= maxCommitBytes) return
  const bytes = fields.reduce(
    (sum, { whole = '', delta }) => sum + utf8ByteLength(whole) + utf8ByteLength(delta?.ops ?? ''),
    0,
  )
  if (bytes > maxCommitBytes)
    throw new LimitError(`commit of ${bytes} bytes: ${maxCommitBytes} at most`, { address: ref })
}
