import { ArgumentError, OffsetLostError } from '@sync/core'
import type { Scope } from '@sync/core/adapter'

const ID = /^(0|[1-9]\d{0,15})-(0|[1-9]\d{0,15})$/

/** Where a stream begins: before every entry. */
export const START = '0-0'

/** Negative: `a` stands before `b` in its stream. */
export function compareIds(a: string, b: string): number {
  const [of, or] = [a, b].map((id) => id.split('-').map(Number) as [number, number]) as [
    [number, number],
    [number, number],
  ]
  return of[0] - or[0] || of[1] - or[1]
}

/** The ends of a stream as the server tells them. `first`: absent if it is empty. */
export interface Extent {
  readonly first: string | undefined
  readonly last: string
  /** Nothing was ever taken away. */
  readonly whole: boolean
}

/** Does it still have all that came after the position? */
export const reachesBackTo = (position: string, { first, last, whole }: Extent): boolean =>
  position === last ||
  (position === START && whole) ||
  (first !== undefined && compareIds(first, position) <= 0 && compareIds(position, last) <= 0)

/**
 * Refuses to begin after what the stream cannot continue from.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if it is no offset
 * @throws OffsetLostError (`SYNC_OFFSET_LOST`) if what came after it may be gone, or it is of another history
 */
export function checkOffset(after: string, extent: Extent, scope: Scope): void {
  if (!ID.test(after))
    throw new ArgumentError(`not an offset of a stream: ${JSON.stringify(after)}`, { address: scope })
  if (compareIds(after, extent.last) > 0)
    throw new OffsetLostError('the stream ends before this offset: it is another one', { address: scope })
  if (!reachesBackTo(after, extent))
    throw new OffsetLostError('the stream no longer reaches back to this offset', { address: scope })
}
