import { formatValue } from '../model/assert.ts'
import { type Duration, parseDuration } from '../model/duration.ts'
import { ArgumentError, ClockDriftError, LimitError } from '../model/errors.ts'
import { systemRuntime } from '../model/runtime.ts'
import { assertNode } from './lamport.ts'

/**
 * Timestamp of a {@link HybridClock}: 12 hexadecimal digits of ms since 1970, 4 digits of a counter, and the node's
 * name, as in `019c1f5e8a00-0003-eu-1`. Sorts as plain text by code unit, and can be stored and sent as it is.
 */
export type HybridStamp = string

/** Parsed {@link HybridStamp}. */
export interface HybridTime {
  /** Milliseconds since 1970, below 2^48: close to the wall clock, and never behind the node's own. */
  readonly time: number
  /** Distinguishes events of the same `time`; below 2^16. */
  readonly counter: number
  readonly node: string
}

/**
 * Lamport clock that stays close to the wall clock (Kulkarni, Demirbas, Madappa, Avva and Leone, "Logical Physical
 * Clocks", 2014). An event that happened before another has the smaller stamp, even if wall clocks are wrong or set
 * back.
 *
 * No stamp is more than `maxDrift` plus 1 ms ahead of the highest reading of the node's wall clock. While the wall
 * clock does not advance, every 65,536 stamps add 1 ms, because a full counter carries over into the time.
 */
export interface HybridClock {
  /**
   * Stamps a local event, such as the sending of a message.
   * @throws LimitError (`SYNC_LIMIT`) if the time would reach 2^48 ms, in the year 10889
   */
  tick(): HybridStamp
  /**
   * Stamps the receipt of a message. The result is greater than the message's stamp and every stamp of this clock so
   * far. If it throws, the clock is unchanged.
   * @throws ClockDriftError (`SYNC_CLOCK_DRIFT`) if the stamp is more than `maxDrift` ahead of the wall clock
   * @throws ArgumentError (`SYNC_ARGUMENT`) if `stamp` is not a hybrid stamp
   */
  receive(stamp: HybridStamp): HybridStamp
}

/** Options of a {@link HybridClock}. */
export interface HybridOptions {
  /** Name of this node: any non-empty string that no other clock uses. */
  readonly node: string
  /** Wall clock in ms since 1970. Default: the system clock. */
  readonly now?: () => number
  /** Maximum by which a received stamp may be ahead of the wall clock. Default 1 minute. */
  readonly maxDrift?: Duration
  /** Last stamp issued before a restart; the clock continues after it. `maxDrift` does not apply to it. */
  readonly after?: HybridStamp
}

type Moment = Pick<HybridTime, 'time' | 'counter'>

const MAX_TIME = 2 ** 48 - 1
const MAX_COUNTER = 2 ** 16 - 1

/**
 * Creates a clock that starts at its wall clock, or after `after`.
 * @throws ArgumentError (`SYNC_ARGUMENT`) naming the invalid option. The clock's methods throw it if `now` returns no
 * valid time
 */
export function createHybridClock({
  node,
  now = systemRuntime.now,
  maxDrift = '1m',
  after,
}: HybridOptions): HybridClock {
  assertNode(node)
  const maxDriftMs = parseDuration(maxDrift, 'maxDrift')
  let last: Moment = after === undefined ? { time: 0, counter: 0 } : parseHybrid(after)
  const stampAfter = (latest: Moment, wall: number): HybridStamp => {
    last = next(latest, wall)
    return `${hex(last.time, 12)}-${hex(last.counter, 4)}-${node}`
  }
  return Object.freeze({
    tick: () => stampAfter(last, readWallClock(now)),
    receive(stamp: HybridStamp) {
      const remote = parseHybrid(stamp)
      const wall = readWallClock(now)
      if (remote.time - wall > maxDriftMs) throw new ClockDriftError(remote.time - wall, maxDriftMs)
      return stampAfter(isLater(remote, last) ? remote : last, wall)
    },
  })
}

/**
 * Compares stamps for `sort`, by time, counter and node name: a total order, equal to the order of the strings by `<`.
 */
export function compareHybrid(a: HybridStamp, b: HybridStamp): -1 | 0 | 1 {
  return a < b ? -1 : a === b ? 0 : 1
}

/**
 * Parses a stamp. Stamps from outside must pass through this function before they are compared or stored.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if the value is not a hybrid stamp
 */
export function parseHybrid(stamp: unknown): HybridTime {
  const text = typeof stamp === 'string' ? stamp : ''
  const parts = /^([0-9a-f]{12})-([0-9a-f]{4})-(.+)$/s.exec(text)
  if (!parts)
    throw new ArgumentError(
      `stamp: expected a hybrid stamp such as '019c1f5e8a00-0003-eu-1', got ${formatValue(stamp)}`,
    )
  const [, time, counter, node] = parts as unknown as [string, string, string, string]
  return Object.freeze({ time: Number.parseInt(time, 16), counter: Number.parseInt(counter, 16), node })
}

const hex = (value: number, width: number): string => value.toString(16).padStart(width, '0')
const isLater = (a: Moment, b: Moment): boolean => a.time > b.time || (a.time === b.time && a.counter > b.counter)

/** Combines the paper's rules for sending and receiving: after the latest moment seen, or now if that is later. */
function next(seen: Moment, wall: number): Moment {
  if (wall > seen.time) return { time: wall, counter: 0 }
  if (seen.counter < MAX_COUNTER) return { time: seen.time, counter: seen.counter + 1 }
  if (seen.time < MAX_TIME) return { time: seen.time + 1, counter: 0 }
  throw new LimitError('hybrid clock: expected a time below 2^48 ms, got the maximum')
}

function readWallClock(now: () => number): number {
  const wall = Math.floor(now())
  if (!Number.isFinite(wall) || wall > MAX_TIME)
    throw new ArgumentError(`now: expected ms since 1970 below 2^48, got ${wall}`)
  return wall
}
