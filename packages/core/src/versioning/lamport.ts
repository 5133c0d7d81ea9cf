import { formatValue } from '../model/assert.ts'
import { ArgumentError, LimitError } from '../model/errors.ts'

/** Timestamp of a {@link LamportClock}. Plain JSON. */
export interface LamportStamp {
  readonly counter: number
  /** Name of the node that stamped the event: any non-empty string that no other node uses. */
  readonly node: string
}

/**
 * Logical clock of one node (Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", 1978). An
 * event that happened before another has the smaller stamp. The converse does not hold: a smaller stamp does not prove
 * that its event happened before. Use a {@link VectorClock} for that.
 */
export interface LamportClock {
  /**
   * Stamps a local event, such as the sending of a message.
   * @throws LimitError (`SYNC_LIMIT`) after 2^53 - 1
   */
  tick(): LamportStamp
  /**
   * Stamps the receipt of a message. The result is greater than the message's stamp and every stamp of this clock so
   * far.
   *
   * The clock advances to the message's counter, without an upper limit on the step.
   * @throws ArgumentError (`SYNC_ARGUMENT`) if `stamp` is not a Lamport stamp
   * @throws LimitError (`SYNC_LIMIT`) after 2^53 - 1; the clock is unchanged
   */
  receive(stamp: LamportStamp): LamportStamp
}

/** Options of a {@link LamportClock}. */
export interface LamportOptions {
  /** Name of this node: any non-empty string that no other clock uses. */
  readonly node: string
  /** Last stamp issued before a restart; the clock continues after it. */
  readonly after?: LamportStamp
}

/**
 * Creates a clock that starts at 1, or after `after`.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if `node` is empty or `after` is not a stamp
 */
export function createLamportClock({ node, after }: LamportOptions): LamportClock {
  assertNode(node)
  let last = after === undefined ? 0 : parseLamport(after).counter
  const stampAfter = (counter: number): LamportStamp => {
    if (counter >= Number.MAX_SAFE_INTEGER)
      throw new LimitError('Lamport clock: expected a counter below 2^53 - 1, got the maximum')
    last = counter + 1
    return Object.freeze({ counter: last, node })
  }
  return Object.freeze({
    tick: () => stampAfter(last),
    receive: (stamp: LamportStamp) => stampAfter(Math.max(last, parseLamport(stamp).counter)),
  })
}

/**
 * Compares stamps for `sort`, by counter and then by the code units of the node name: a total order that is consistent
 * with happened-before.
 */
export function compareLamport(a: LamportStamp, b: LamportStamp): -1 | 0 | 1 {
  if (a.counter !== b.counter) return a.counter < b.counter ? -1 : 1
  if (a.node !== b.node) return a.node < b.node ? -1 : 1
  return 0
}

/**
 * Validates a stamp from outside, such as from `JSON.parse`.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if the value is not a Lamport stamp
 */
export function parseLamport(value: unknown): LamportStamp {
  const { counter, node } = (value ?? {}) as Partial<LamportStamp>
  assertCount(counter)
  assertNode(node)
  return Object.freeze({ counter, node })
}

/** Throws unless the value is a valid node name. Internal to the package. */
export function assertNode(node: unknown): asserts node is string {
  if (typeof node !== 'string' || node === '')
    throw new ArgumentError(`node: expected a non-empty string, got ${formatValue(node)}`)
}

/** Throws unless the value is a valid event count. Internal to the package. */
export function assertCount(count: unknown): asserts count is number {
  if (!Number.isSafeInteger(count) || (count as number) < 0)
    throw new ArgumentError(`count: expected a non-negative integer, got ${formatValue(count)}`)
}
