import { ArgumentError, OffsetLostError } from '@sync/core'
import type { Scope } from '@sync/core/adapter'

const ENTRY_ID = /^(0|[1-9]\d{0,15})-(0|[1-9]\d{0,15})$/

/** Where a stream begins: before every entry. */
export const STREAM_START = '0-0'

/** Negative: `a` stands before `b` in its stream. */
export function compareEntryIds(a: string, b: string): number {
  const [left, right] = [a, b].map((id) => id.split('-').map(Number) as [number, number]) as [
    [number, number],
    [number, number],
  ]
  return left[0] - right[0] || left[1] - right[1]
}

/** The ends of a stream as the server tells them. `first`: absent if it is empty. */
export interface StreamRange {
  readonly first: string | undefined
  readonly last: string
  /** Nothing was ever taken away. */
  readonly untrimmed: boolean
}

/** Does it still have all that came after the position? */
export const retainsAllAfter = (position: string, { first, last, untrimmed }: StreamRange): boolean =>
  position === last ||
  (position === STREAM_START && untrimmed) ||
  (first !== undefined && compareEntryIds(first, position) <= 0 && compareEntryIds(position, last) <= 0)

/**
 * Refuses to begin after what the stream cannot continue from.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if it is no offset
 * @throws OffsetLostError (`SYNC_OFFSET_LOST`) if what came after it may be gone, or it is of another history
 */
export function assertResumable(after: string, range: StreamRange, scope: Scope): void {
  if (!ENTRY_ID.test(after))
    throw new ArgumentError(`not an offset of a stream: ${JSON.stringify(after)}`, { address: scope })
  if (compareEntryIds(after, range.last) > 0)
    throw new OffsetLostError('the stream ends before this offset: it is another one', { address: scope })
  if (!retainsAllAfter(after, range))
    throw new OffsetLostError('the stream no longer reaches back to this offset', { address: scope })
}
