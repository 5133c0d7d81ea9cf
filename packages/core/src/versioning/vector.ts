import { formatValue } from '../model/assert.ts'
import { ArgumentError, LimitError } from '../model/errors.ts'
import { assertCount, assertNode } from './lamport.ts'

/**
 * Number of events seen per node (Fidge, "Timestamps in Message-Passing Systems That Preserve the Partial Ordering",
 * 1988; Mattern, "Virtual Time and Global States of Distributed Systems", 1988). Unlike Lamport and wall clocks, two
 * vector clocks show whether one event can have influenced the other.
 *
 * Frozen plain JSON. A list of pairs rather than an object, because a node may be named `__proto__`, which neither
 * objects nor documents allow as a member. Results are sorted by node and contain no zeros, so equal clocks have equal
 * JSON text. Arguments need not be.
 */
export type VectorClock = readonly (readonly [node: string, count: number])[]

/** Order of two {@link VectorClock}s. `concurrent`: neither has seen the other. */
export type VectorOrder = 'before' | 'after' | 'equal' | 'concurrent'

/** Clock that has seen no events; before every other clock. */
export const emptyVector: VectorClock = Object.freeze([])

/**
 * Returns the clock after one more event of `node`.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if `node` is not a non-empty string
 * @throws LimitError (`SYNC_LIMIT`) after 2^53 - 1 events of one node
 */
export function incrementVector(clock: VectorClock, node: string): VectorClock {
  assertNode(node)
  const counts = new Map(clock)
  const count = counts.get(node) ?? 0
  if (count >= Number.MAX_SAFE_INTEGER)
    throw new LimitError('vector clock: expected a count below 2^53 - 1, got the maximum')
  return toVector(counts.set(node, count + 1))
}

/**
 * Returns the smallest clock that has seen everything that `a` or `b` has seen: a node's clock after the receipt of a
 * message. The receipt is an event too, so increment the node's own entry afterwards.
 */
export function mergeVector(a: VectorClock, b: VectorClock): VectorClock {
  const counts = new Map(a)
  for (const [node, count] of b) counts.set(node, Math.max(counts.get(node) ?? 0, count))
  return toVector(counts)
}

/** Compares two clocks: `before` if `b` has seen everything that `a` has, and more. A missing node counts as 0. */
export function compareVector(a: VectorClock, b: VectorClock): VectorOrder {
  const ahead = hasMore(a, b)
  const behind = hasMore(b, a)
  if (ahead && behind) return 'concurrent'
  if (ahead) return 'after'
  return behind ? 'before' : 'equal'
}

/**
 * Validates a clock from outside, such as from `JSON.parse`, a spread `Map` or `Object.entries`.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if the value is not a list of [node, count] pairs with each node once
 */
export function parseVector(value: unknown): VectorClock {
  if (!Array.isArray(value)) throw notPairs(value)
  const counts = new Map<string, number>()
  for (const pair of value) {
    const [node, count] = pairOf(pair)
    if (counts.has(node))
      throw new ArgumentError(`vector clock: expected each node once, got ${formatValue(node)} twice`)
    counts.set(node, count)
  }
  return toVector(counts)
}

function pairOf(pair: unknown): readonly [string, number] {
  if (!Array.isArray(pair) || pair.length !== 2) throw notPairs(pair)
  const [node, count]: unknown[] = pair
  assertNode(node)
  assertCount(count)
  return [node, count]
}

const notPairs = (value: unknown): ArgumentError =>
  new ArgumentError(`vector clock: expected a list of [node, count] pairs, got ${formatValue(value)}`)

function hasMore(a: VectorClock, b: VectorClock): boolean {
  const other = new Map(b)
  return a.some(([node, count]) => count > (other.get(node) ?? 0))
}

function toVector(counts: ReadonlyMap<string, number>): VectorClock {
  const pairs = [...counts].filter(([, count]) => count > 0).sort(([a], [b]) => (a < b ? -1 : 1))
  for (const pair of pairs) Object.freeze(pair)
  return Object.freeze(pairs)
}
