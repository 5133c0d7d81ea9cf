import { isJsonArray, isJsonContainer, type Json, type JsonObject } from '../model/json.ts'

/** Maximum number of pairs to compare. In larger gaps, elements are paired by position. */
const MAX_PAIRS = 256
/** Maximum number of members to compare per pair. */
const MAX_MEMBERS = 16

/**
 * Pairs unequal elements by similarity, in order. Pairs as many as the shorter side has, because changing an element
 * takes fewer bytes than removing one and adding another.
 */
export function pairSimilar(
  base: readonly Json[],
  baseIndices: readonly number[],
  target: readonly Json[],
  targetIndices: readonly number[],
  pairOf: Int32Array,
): void {
  const shorter = Math.min(baseIndices.length, targetIndices.length)
  if (baseIndices.length * targetIndices.length > MAX_PAIRS || baseIndices.length === targetIndices.length) {
    for (let k = 0; k < shorter; k++) pairOf[targetIndices[k] as number] = baseIndices[k] as number
    return
  }
  const weight = (i: number, j: number): number =>
    similarity(base[baseIndices[i] as number] as Json, target[targetIndices[j] as number] as Json)
  for (const [i, j] of maxWeightPairs(baseIndices.length, targetIndices.length, weight)) {
    pairOf[targetIndices[j] as number] = baseIndices[i] as number
  }
}

/** Returns the pairs, in order, with the greatest sum of weights (Needleman and Wunsch 1970, without gap penalty). */
function maxWeightPairs(rows: number, columns: number, weight: (r: number, c: number) => number): [number, number][] {
  const width = columns + 1
  const best = new Float64Array((rows + 1) * width)
  const paired = new Uint8Array(best.length)
  for (let r = 1; r <= rows; r++) {
    for (let c = 1; c <= columns; c++) {
      const cell = r * width + c
      const both = (best[cell - width - 1] as number) + weight(r - 1, c - 1)
      const one = Math.max(best[cell - width] as number, best[cell - 1] as number)
      paired[cell] = both > one ? 1 : 0
      best[cell] = Math.max(both, one)
    }
  }
  const pairs: [number, number][] = []
  for (let r = rows, c = columns; r > 0 && c > 0; ) {
    const cell = r * width + c
    if (paired[cell] === 1) pairs.push([--r, --c])
    else if (best[cell] === best[cell - width]) r--
    else c--
  }
  return pairs
}

/** Returns a similarity from just above 0 (nothing in common) to just above 1. */
function similarity(a: Json, b: Json): number {
  if (!isJsonContainer(a) || !isJsonContainer(b)) return isJsonContainer(a) === isJsonContainer(b) ? 0.02 : 0.01
  if (isJsonArray(a)) return isJsonArray(b) ? 0.02 + elementSimilarity(a, b) : 0.01
  return isJsonArray(b) ? 0.01 : 0.02 + memberSimilarity(a, b)
}

function elementSimilarity(a: readonly Json[], b: readonly Json[]): number {
  const compared = Math.min(Math.max(a.length, b.length), MAX_MEMBERS)
  let alike = 0
  for (let i = 0; i < compared; i++) {
    if (a[i] === b[i]) alike++
  }
  return alike / Math.max(compared, 1)
}

/** Weighs a common name a little, and a common name with an equal value in full. */
function memberSimilarity(a: JsonObject, b: JsonObject): number {
  const names = Object.keys(a)
  const compared = Math.min(names.length, MAX_MEMBERS)
  let alike = 0
  for (let i = 0; i < compared; i++) {
    const name = names[i] as string
    if (Object.hasOwn(b, name)) alike += a[name] === b[name] ? 1 : 0.1
  }
  return alike / Math.max(compared, 1)
}
