/** Class number of each element of two arrays. A negative number equals no other element. */
export interface ElementClasses {
  readonly ofBase: Int32Array
  readonly ofTarget: Int32Array
}

/** A pair, and its predecessor in the longest chain that ends with it; -1 for the first pair. */
interface ChainLink {
  readonly i: number
  readonly j: number
  readonly previous: number
}

/** If a class has more base elements than this, each target element is tried with the nearest ones only. */
const MAX_CANDIDATES = 8

/**
 * Pairs as many target elements of [from, to) as possible with base elements of [baseFrom, baseTo) of the same class,
 * in order. Uses the longest increasing subsequence of candidate pairs (Hunt and Szymanski 1977) in O(n log n). The
 * number of candidates for repeated elements is bounded, so the result may be shorter than the longest.
 */
export function matchInOrder(
  { ofBase, ofTarget }: ElementClasses,
  baseFrom: number,
  baseTo: number,
  from: number,
  to: number,
  pairOf: Int32Array,
): void {
  const baseIndices = indicesByClass(ofBase, baseFrom, baseTo)
  // For each chain length, the chain that ends first: its last base index and its last link.
  const ends: number[] = []
  const lastLinks: number[] = []
  const links: ChainLink[] = []
  for (let j = from; j < to; j++) {
    const candidates = baseIndices.get(ofTarget[j] as number)
    if (candidates === undefined) continue
    const expected = baseFrom + ((j - from) * (baseTo - baseFrom)) / (to - from)
    const first = firstCandidate(candidates, expected)
    // Iterates backwards, so that no chain uses this target element twice.
    for (let c = Math.min(first + MAX_CANDIDATES, candidates.length) - 1; c >= first; c--) {
      const i = candidates[c] as number
      const length = lowerBound(ends, i)
      links.push({ i, j, previous: length === 0 ? -1 : (lastLinks[length - 1] as number) })
      ends[length] = i
      lastLinks[length] = links.length - 1
    }
  }
  for (let at = lastLinks.at(-1) ?? -1; at >= 0; ) {
    const { i, j, previous } = links[at] as ChainLink
    pairOf[j] = i
    at = previous
  }
}

function indicesByClass(classes: Int32Array, from: number, to: number): Map<number, number[]> {
  const indices = new Map<number, number[]>()
  for (let i = from; i < to; i++) {
    const id = classes[i] as number
    if (id < 0) continue
    const same = indices.get(id)
    if (same === undefined) indices.set(id, [i])
    else same.push(i)
  }
  return indices
}

function firstCandidate(candidates: readonly number[], expected: number): number {
  if (candidates.length <= MAX_CANDIDATES) return 0
  const nearest = lowerBound(candidates, expected)
  return Math.max(0, Math.min(nearest - MAX_CANDIDATES / 2, candidates.length - MAX_CANDIDATES))
}

/** Returns the index of the first number that is not less than `value`. */
function lowerBound(ascending: readonly number[], value: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ascending[middle] as number) < value) low = middle + 1
    else high = middle
  }
  return low
}
