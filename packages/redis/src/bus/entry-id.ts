import { ArgumentError, OffsetLostError } from '@sync/core'
import type { Scope } from '@sync/core/adapter'

const ENTRY_ID = /^(0|[1-9]\d{0,15})-(0|[1-9]\d{0,15})$/

/** The position before every entry of a stream. */
export const STREAM_START = '0-0'

/** Compares entry ids of one stream. Negative if `a` precedes `b`. */
export function compareEntryIds(a: string, b: string): number {
  const [left, right] = [a, b].map((id) => id.split('-').map(Number) as [number, number]) as [
    [number, number],
    [number, number],
  ]
  return left[0] - right[0] || left[1] - right[1]
}

/** The two ends of a stream. */
export interface StreamRange {
  /** Id of the oldest entry; `undefined` if the stream is empty. */
  readonly first: string | undefined
  /** Id of the newest entry ever added. */
  readonly last: string
  /** True if no entry was ever removed. */
  readonly untrimmed: boolean
}

/** True if the stream still has every entry after the position. */
export const retainsAllAfter = (position: string, { first, last, untrimmed }: StreamRange): boolean =>
  position === last ||
  (position === STREAM_START && untrimmed) ||
  (first !== undefined && compareEntryIds(first, position) <= 0 && compareEntryIds(position, last) <= 0)

/**
 * Checks that a subscription can resume after this offset.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if `after` is not an offset of a stream
 * @throws OffsetLostError (`SYNC_OFFSET_LOST`) if entries after it may have been removed, or if it comes from another stream
 */
export function assertResumable(after: string, range: StreamRange, scope: Scope): void {
  if (!ENTRY_ID.test(after))
    throw new ArgumentError(`after: expected an offset of a stream, got ${JSON.stringify(after)}`, { address: scope })
  if (compareEntryIds(after, range.last) > 0)
    throw new OffsetLostError(`the offset ${after} is beyond the end of the stream: it comes from another stream`, {
      address: scope,
    })
  if (!retainsAllAfter(after, range))
    throw new OffsetLostError(`the stream no longer has all entries after the offset ${after}`, { address: scope })
}
