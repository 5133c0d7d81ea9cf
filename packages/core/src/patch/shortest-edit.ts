import { type Json, jsonEqual } from '../model/json.ts'

/** So many insertions and removals are looked for; a change counts as one of each. At most 1,000 vain comparisons. */
const MAX_EDITS = 44

/**
 * Pairs equal elements, order kept, as many as possible, if but few are left over: the greedy algorithm of Myers (1986).
 * False, and no pairs, if the arrays are too different for that.
 */
export function matchShortest(base: readonly Json[], target: readonly Json[], pairOf: Int32Array): boolean {
  const maxEdits = Math.min(MAX_EDITS, base.length + target.length)
  // On diagonal k base is k elements ahead of wanted. reach: how far into base one gets there; all after k + most + 1.
  const furthest = new Int32Array(2 * maxEdits + 3)
  const rounds: Int32Array[] = []
  for (let edits = 0; edits <= maxEdits; edits++) {
    // What the round begins with is needed again for the way back: diagonals -edits to edits.
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

/** From which diagonal the path comes: the next lower one by a removal, the next higher one by an insertion. */
function previousDiagonal(furthest: Int32Array, k: number, edits: number, center: number): number {
  if (k === -edits) return k + 1
  if (k === edits) return k - 1
  return (furthest[center + k - 1] as number) < (furthest[center + k + 1] as number) ? k + 1 : k - 1
}

/** Goes back along the path that ends at base element i on diagonal k, and pairs what it found equal. */
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
