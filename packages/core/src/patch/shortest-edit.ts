import { type Json, jsonEqual } from '../model/json.ts'

/**
 * Maximum number of insertions and removals; a change counts as one of each. Bounds the futile comparisons to about
 * 1,000.
 */
const MAX_EDITS = 44

/**
 * Pairs as many equal elements as possible in order, with the greedy algorithm of Myers (1986). Returns false, without
 * pairs, if the arrays differ by more than `MAX_EDITS`.
 */
export function matchShortest(base: readonly Json[], target: readonly Json[], pairOf: Int32Array): boolean {
  const maxEdits = Math.min(MAX_EDITS, base.length + target.length)
  // On diagonal k, base is k elements ahead of target. `furthest[k + maxEdits + 1]` is the furthest base index reached
  // there.
  const furthest = new Int32Array(2 * maxEdits + 3)
  const rounds: Int32Array[] = []
  for (let edits = 0; edits <= maxEdits; edits++) {
    // Save the state at the start of the round for the backtracking: diagonals -edits to edits.
    rounds.push(furthest.slice(maxEdits + 1 - edits, maxEdits + 2 + edits))
    for (let k = -edits; k <= edits; k += 2) {
      const from = previousDiagonal(furthest, k, edits, maxEdits + 1)
      let i = edits === 0 ? 0 : (furthest[from + maxEdits + 1] as number) + (from < k ? 1 : 0)
      while (i < base.length && i - k < target.length && jsonEqual(base[i] as Json, target[i - k] as Json)) i++
      furthest[k + maxEdits + 1] = i
      if (i < base.length || k !== base.length - target.length) continue
      pairAlong(rounds, k, i, pairOf)
      return true
    }
  }
  return false
}

/**
 * Returns the diagonal that the path comes from: the next lower one for a removal, the next higher one for an
 * insertion.
 */
function previousDiagonal(furthest: Int32Array, k: number, edits: number, center: number): number {
  if (k === -edits) return k + 1
  if (k === edits) return k - 1
  return (furthest[center + k - 1] as number) < (furthest[center + k + 1] as number) ? k + 1 : k - 1
}

/** Backtracks the path that ends at base element i on diagonal k, and pairs the equal elements on it. */
function pairAlong(rounds: readonly Int32Array[], k: number, i: number, pairOf: Int32Array): void {
  for (let edits = rounds.length - 1; edits > 0; edits--) {
    const furthest = rounds[edits] as Int32Array
    const from = previousDiagonal(furthest, k, edits, edits)
    const begin = furthest[from + edits] as number
    for (const first = begin + (from < k ? 1 : 0); i > first; i--) pairOf[i - 1 - k] = i - 1
    i = begin
    k = from
  }
  for (; i > 0; i--) pairOf[i - 1] = i - 1
}
