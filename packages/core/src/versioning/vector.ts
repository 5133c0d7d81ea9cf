import { ArgumentError, LimitError } from '../model/errors.ts'
import { checkCount, checkNode } from './lamport.ts'

/**
 * How many events of each node something has seen (Fidge, "Timestamps in Message-Passing Systems That Preserve the
 * Partial Ordering", 1988; Mattern, "Virtual Time and Global States of Distributed Systems", 1988). Two of them tell
 * what neither a Lamport nor a wall clock does: whether one event can have known of the other at all.
 *
 * Plain JSON, frozen. Pairs, not an object: a node may be called `__proto__`, which an object's member and a document's
 * may not. Results are sorted by node and have no zeros, so equal clocks have the same JSON text; arguments need not be.
 */
export type VectorClock = readonly (readonly [node: string, count: number])[]

/** How one {@link VectorClock} stands to another. `concurrent`: neither knew of the other. */
export type VectorOrder = 'before' | 'after' | 'equal' | 'concurrent'

/** The clock that has seen nothing: before any other. */
export const emptyVector: VectorClock = Object.freeze([])

/**
 * The clock after one more event of `node`.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if the node has no name
 * @throws LimitError (`SYNC_LIMIT`) after 2^53 - 1 events of one node
 */
export function incrementVector(clock: VectorClock, node: string): VectorClock {
  checkNode(node)
  const counts = new Map(clock)
  const count = counts.get(node) ?? 0
  if (count >= Number.MAX_SAFE_INTEGER) throw new LimitError('a vector clock counts to 2^53 - 1')
  return toVector(counts.set(node, count + 1))
}

/**
 * The least clock that has seen all that either has: what a node knows once a message has arrived. The arrival is an
 * event too: increment the node's own entry after.
 */
export function mergeVector(a: VectorClock, b: VectorClock): VectorClock {
  const counts = new Map(a)
  for (const [node, count] of b) counts.set(node, Math.max(counts.get(node) ?? 0, count))
  return toVector(counts)
}

/** How `a` stands to `b`: `before` if `b` has seen all that `a` has, and more. A node that is missing counts as 0. */
export function compareVector(a: VectorClock, b: VectorClock): VectorOrder {
  const ahead = hasMore(a, b)
  const behind = hasMore(b, a)
  if (ahead && behind) return 'concurrent'
  if (ahead) return 'after'
  return behind ? 'before' : 'equal'
}

/**
 * Takes over a clock from elsewhere, such as from `JSON.parse`, a `Map` spread or `Object.entries`.
 * @throws ArgumentError (`SYNC_ARGUMENT`) unless it is a list of pairs of a node and its count, with each node once
 */
export function parseVector(value: unknown): VectorClock {
  if (!Array.isArray(value)) throw new ArgumentError('a vector clock is a list of pairs')
  const counts = new Map<string, number>()
  for (const pair of value) {
    const [node, count] = pairOf(pair)
    if (counts.has(node)) throw new ArgumentError(`a vector clock has ${JSON.stringify(node)} twice`)
    counts.set(node, count)
  }
  return toVector(counts)
}

function pairOf(pair: unknown): readonly [string, number] {
  if (!Array.isArray(pair) || pair.length !== 2) throw new ArgumentError('a vector clock is a list of pairs')
  const [node, count]: unknown[] = pair
  checkNode(node)
  checkCount(count)
  return [node, count]
}

function hasMore(a: VectorClock, b: VectorClock): boolean {
  const other = new Map(b)
  return a.some(([node, count]) => count > (other.get(node) ?? 0))
}

function toVector(counts: ReadonlyMap<string, number>): VectorClock {
  const pairs = [...counts].filter(([, count]) => count > 0).sort(([a], [b]) => (a < b ? -1 : 1))
  for (const pair of pairs) Object.freeze(pair)
  return Object.freeze(pairs)
}
