import { type Duration, parseDuration } from '../model/duration.ts'
import { ArgumentError, ClockDriftError, LimitError } from '../model/errors.ts'
import { systemRuntime } from '../model/runtime.ts'
import { checkNode } from './lamport.ts'

/**
 * When an event was, by a {@link HybridClock}: 12 hexadecimal digits of ms since 1970, 4 of a counter, the node's name,
 * as in `019c1f5e8a00-0003-eu-1`. Sorts as plain text, by code unit; keep it, send it, hand it back.
 */
export type HybridStamp = string

/** What a {@link HybridStamp} says. */
export interface HybridTime {
  /** Milliseconds since 1970, below 2^48: about the wall clock, never behind that of the node. */
  readonly time: number
  /** Tells events of the same `time` apart, below 2^16. */
  readonly counter: number
  readonly node: string
}

/**
 * A Lamport clock that stays near the wall clock (Kulkarni, Demirbas, Madappa, Avva and Leone, "Logical Physical
 * Clocks", 2014). What happened before something has the lesser stamp, however wrong or set back wall clocks are.
 *
 * No stamp is ahead of the highest reading of the node's wall clock by more than `maxDrift`, but for 1 ms, and 1 ms more
 * for every 65,536 stamps while the wall clock stands: a full counter goes over into the time.
 */
export interface HybridClock {
  /**
   * Stamps an event of this node, such as sending a message.
   * @throws LimitError (`SYNC_LIMIT`) at the end of time: 2^48 ms, in the year 10889
   */
  tick(): HybridStamp
  /**
   * Stamps the arrival of a message: later than the message, and than all that was stamped here.
   * @throws ClockDriftError (`SYNC_CLOCK_DRIFT`) if the message is ahead of the wall clock by more than `maxDrift`
   * @throws ArgumentError (`SYNC_ARGUMENT`) unless it is a stamp. Whatever is thrown, the clock is as it was.
   */
  receive(stamp: HybridStamp): HybridStamp
}

/** Options of a {@link HybridClock}. */
export interface HybridOptions {
  /** The name of this node: any non-empty string that no other clock uses. */
  readonly node: string
  /** The wall clock, in ms since 1970. Default: the real one. */
  readonly now?: () => number
  /** How far ahead of the wall clock a received stamp may be. Default 1 minute. */
  readonly maxDrift?: Duration
  /** A stamp to go on after, however far ahead: the last one given before a restart. */
  readonly after?: HybridStamp
}

type Moment = Pick<HybridTime, 'time' | 'counter'>

const MAX_TIME = 2 ** 48 - 1
const MAX_COUNTER = 2 ** 16 - 1

/**
 * A clock at the time of its wall clock, or after the stamp given.
 * @throws ArgumentError (`SYNC_ARGUMENT`) naming the option that is wrong; from its methods, if the wall clock reads no time
 */
export function createHybridClock({
  node,
  now = systemRuntime.now,
  maxDrift = '1m',
  after,
}: HybridOptions): HybridClock {
  checkNode(node)
  const bound = parseDuration(maxDrift, 'maxDrift')
  let last: Moment = after === undefined ? { time: 0, counter: 0 } : parseHybrid(after)
  const stampAfter = (seen: Moment, wall: number): HybridStamp => {
    last = next(seen, wall)
    return `${hex(last.time, 12)}-${hex(last.counter, 4)}-${node}`
  }
  return Object.freeze({
    tick: () => stampAfter(last, read(now)),
    receive(stamp: HybridStamp) {
      const remote = parseHybrid(stamp)
      const wall = read(now)
      if (remote.time - wall > bound) throw new ClockDriftError(remote.time - wall, bound)
      return stampAfter(isLater(remote, last) ? remote : last, wall)
    },
  })
}

/** Total order of stamps, for `sort`: by time, counter and the node's name. The same as of the texts by `<`. */
export function compareHybrid(a: HybridStamp, b: HybridStamp): -1 | 0 | 1 {
  return a < b ? -1 : a === b ? 0 : 1
}

/**
 * Reads a stamp. One from elsewhere goes through here before it is compared or kept.
 * @throws ArgumentError (`SYNC_ARGUMENT`) unless it is one
 */
export function parseHybrid(stamp: unknown): HybridTime {
  const text = typeof stamp === 'string' ? stamp : ''
  const parts = /^([0-9a-f]{12})-([0-9a-f]{4})-(.+)$/s.exec(text)
  if (!parts) throw new ArgumentError(`not a stamp of a hybrid clock: ${JSON.stringify(text)}`)
  const [, time, counter, node] = parts as unknown as [string, string, string, string]
  return Object.freeze({ time: Number.parseInt(time, 16), counter: Number.parseInt(counter, 16), node })
}

const hex = (value: number, width: number): string => value.toString(16).padStart(width, '0')
const isLater = (a: Moment, b: Moment): boolean => a.time > b.time || (a.time === b.time && a.counter > b.counter)

/** The paper's rules for sending and for receiving are one: after the latest moment seen, or now if that is later. */
function next(seen: Moment, wall: number): Moment {
  if (wall > seen.time) return { time: wall, counter: 0 }
  if (seen.counter < MAX_COUNTER) return { time: seen.time, counter: seen.counter + 1 }
  if (seen.time < MAX_TIME) return { time: seen.time + 1, counter: 0 }
  throw new LimitError('a hybrid clock ends at 2^48 ms')
}

function read(now: () => number): number {
  const wall = Math.floor(now())
  if (!Number.isFinite(wall) || wall > MAX_TIME) throw new ArgumentError(`the wall clock reads ${wall} ms`)
  return wall
}
