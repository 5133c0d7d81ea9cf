import type { Json } from '../model/json.ts'
import type { Alignment } from './alignment.ts'
import { findMoves } from './array-moves.ts'
import { classesOf, labelOf, labelsOf } from './element-classes.ts'
import { matchInOrder } from './increasing-matches.ts'
import { matchShortest } from './shortest-edit.ts'
import { pairSimilar } from './similarity.ts'

/**
 * Aligns two arrays: first equal elements, then elements with the same label, then moved ones, then similar ones. Takes
 * near-linear time in the size of the contents; where the optimal alignment would cost more, returns a good one.
 */
export function align(base: readonly Json[], target: readonly Json[]): Alignment {
  const alignment: Alignment = {
    pairOf: new Int32Array(target.length).fill(-1),
    sourceOf: new Int32Array(target.length).fill(-1),
    moves: new Set(),
    equal: new Uint8Array(target.length),
  }
  const { pairOf } = alignment
  if (haveSameLabels(base, target)) {
    for (let j = 0; j < pairOf.length; j++) pairOf[j] = j
  } else {
    if (!matchShortest(base, target, pairOf)) {
      matchInOrder(classesOf(base, target), 0, base.length, 0, target.length, pairOf)
    }
    markEqual(alignment.equal, pairOf)
    alignRest(base, target, alignment)
  }
  return alignment
}

/**
 * Whether both arrays have the same labels in the same order, so that only the contents of elements changed. This case
 * is common and cheap to detect.
 */
function haveSameLabels(base: readonly Json[], target: readonly Json[]): boolean {
  if (base.length !== target.length) return false
  for (let i = 0; i < base.length; i++) {
    const label = labelOf(base[i] as Json)
    if (label === undefined || label !== labelOf(target[i] as Json)) return false
  }
  return true
}

/** Aligns the elements that have no equal element in order. */
function alignRest(base: readonly Json[], target: readonly Json[], alignment: Alignment): void {
  const { pairOf, sourceOf, moves } = alignment
  const paired = new Set(pairOf)
  const unmatchedBase = base.map((element, i) => (paired.has(i) ? undefined : element))
  const unmatchedTarget = target.map((element, j) => (pairOf[j] === -1 ? element : undefined))
  const labels = labelsOf(unmatchedBase, unmatchedTarget)
  forEachGap(base.length, pairOf, (baseFrom, baseTo, from, to) => {
    matchInOrder(labels, baseFrom, baseTo, from, to, pairOf)
  })
  findMoves(base, classesOf(unmatchedBase, unmatchedTarget), alignment)
  markEqual(alignment.equal, sourceOf)
  findMoves(base, labels, alignment)
  forEachGap(base.length, pairOf, (baseFrom, baseTo, from, to) => {
    const baseIndices = range(baseFrom, baseTo).filter((i) => !moves.has(i))
    const targetIndices = range(from, to).filter((j) => sourceOf[j] === -1)
    pairSimilar(base, baseIndices, target, targetIndices, pairOf)
  })
}

function markEqual(equal: Uint8Array, sources: Int32Array): void {
  for (let j = 0; j < sources.length; j++) {
    if (sources[j] !== -1) equal[j] = 1
  }
}

/** Visits every gap between pairs: base elements [baseFrom, baseTo) are opposite target elements [from, to). */
function forEachGap(
  baseLength: number,
  pairOf: Int32Array,
  visit: (baseFrom: number, baseTo: number, from: number, to: number) => void,
): void {
  let baseFrom = 0
  let from = 0
  for (let j = 0; j <= pairOf.length; j++) {
    const pair = j < pairOf.length ? (pairOf[j] as number) : baseLength
    if (pair < 0) continue
    if (baseFrom < pair && from < j) visit(baseFrom, pair, from, j)
    baseFrom = pair + 1
    from = j + 1
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}
