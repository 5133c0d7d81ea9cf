import { ArgumentError, LimitError } from '../model/errors.ts'

/** When an event was, by a {@link LamportClock}. Plain JSON. */
export interface LamportStamp {
  readonly counter: number
  /** Who stamped it: any non-empty string that nobody else uses. */
  readonly node: string
}

/**
 * Counts the events of one node, ahead of all that it has heard of (Lamport, "Time, Clocks, and the Ordering of Events
 * in a Distributed System", 1978). What happened before something has the lesser stamp; a lesser stamp alone does not
 * tell that it happened before: only a {@link VectorClock} knows.
 */
export interface LamportClock {
  /**
   * Stamps an event of this node, such as sending a message.
   * @throws LimitError (`SYNC_LIMIT`) after 2^53 - 1
   */
  tick(): LamportStamp
  /**
   * Stamps the arrival of a message: later than the message, and than all that was stamped here.
   *
   * The clock goes on from whatever the message says; nothing limits how far one ahead takes it.
   * @throws ArgumentError (`SYNC_ARGUMENT`) unless it is a stamp
   * @throws LimitError (`SYNC_LIMIT`) after 2^53 - 1; the clock is as it was
   */
  receive(stamp: LamportStamp): LamportStamp
}

/** Options of a {@link LamportClock}. */
export interface LamportOptions {
  /** The name of this node: any non-empty string that no other clock uses. */
  readonly node: string
  /** A stamp to go on after: the last one given before a restart. */
  readonly after?: LamportStamp
}

/**
 * A clock that begins at 1, or after the stamp given.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if the node has no name, or `after` is no stamp
 */
export function createLamportClock({ node, after }: LamportOptions): LamportClock {
  checkNode(node)
  let last = after === undefined ? 0 : parseLamport(after).counter
  const stampAfter = (counter: number): LamportStamp => {
    if (counter >= Number.MAX_SAFE_INTEGER) throw new LimitError('a Lamport clock ends at 2^53 - 1')
    last = counter + 1
    return Object.freeze({ counter: last, node })
  }
  return Object.freeze({
    tick: () => stampAfter(last),
    receive: (stamp: LamportStamp) => stampAfter(Math.max(last, parseLamport(stamp).counter)),
  })
}

/**
 * Total order of stamps, for `sort`: by counter, and by the node's name (its code units) where that is the same.
 * It agrees with what happened before what.
 */
export function compareLamport(a: LamportStamp, b: LamportStamp): -1 | 0 | 1 {
  if (a.counter !== b.counter) return a.counter < b.counter ? -1 : 1
  if (a.node !== b.node) return a.node < b.node ? -1 : 1
  return 0
}

/**
 * Takes over a stamp from elsewhere, such as from `JSON.parse`.
 * @throws ArgumentError (`SYNC_ARGUMENT`) unless it is one
 */
export function parseLamport(value: unknown): LamportStamp {
  const { counter, node } = (value ?? {}) as Partial<LamportStamp>
  checkCount(counter)
  checkNode(node)
  return Object.freeze({ counter, node })
}

/** Inside the package: what all clocks call a node. */
export function checkNode(node: unknown): asserts node is string {
  if (typeof node !== 'string' || node === '') throw new ArgumentError('the name of a node is a non-empty string')
}

/** Inside the package: what all clocks count in. */
export function checkCount(count: unknown): asserts count is number {
  if (!Number.isSafeInteger(count) || (count as number) < 0)
    throw new ArgumentError(`not a count of events: ${typeof count === 'number' ? count : typeof count}`)
}
