import { isJsonContainer, type Json } from '../model/json.ts'
import type { Alignment } from './alignment.ts'
import type { ElementClasses } from './increasing-matches.ts'

/**
 * Upper limit for elements × moves, because writing the steps takes that much time. At least `MIN_MOVES` are always
 * allowed.
 */
const MOVE_BUDGET = 65_536
const MIN_MOVES = 16

/** Finds moved elements: unpaired containers of the same class. Moves of scalars save nothing. */
export function findMoves(
  base: readonly Json[],
  { ofBase, ofTarget }: ElementClasses,
  { pairOf, sourceOf, moves }: Alignment,
): void {
  const limit = Math.max(MIN_MOVES, Math.floor(MOVE_BUDGET / base.length))
  const paired = new Set(pairOf)
  const sources = new Map<number, number[]>()
  for (let i = base.length - 1; i >= 0; i--) {
    const id = ofBase[i] as number
    if (id < 0 || paired.has(i) || moves.has(i) || !isJsonContainer(base[i])) continue
    const same = sources.get(id)
    if (same === undefined) sources.set(id, [i])
    else same.push(i)
  }
  for (let j = 0; j < ofTarget.length && moves.size < limit; j++) {
    if (pairOf[j] !== -1 || sourceOf[j] !== -1) continue
    const source = sources.get(ofTarget[j] as number)?.pop()
    if (source === undefined) continue
    sourceOf[j] = source
    moves.add(source)
  }
}
