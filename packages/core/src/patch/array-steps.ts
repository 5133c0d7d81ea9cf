import { type Json, jsonEqual } from '../model/json.ts'
import { align } from './align.ts'
import type { Alignment } from './alignment.ts'

/** One step that turns an array into another. Indices refer to the array after the previous steps. */
export type ArrayStep =
  | { readonly kind: 'add'; readonly at: number; readonly value: Json }
  | { readonly kind: 'remove'; readonly at: number }
  /** `at`: the index after the element was removed from `from`. */
  | { readonly kind: 'move'; readonly from: number; readonly at: number }
  /** The element stays in place; its contents may differ. */
  | { readonly kind: 'change'; readonly at: number; readonly before: Json; readonly after: Json }

/** Returns the steps that turn `base` into `target`, highest index first. Takes time proportional to the contents. */
export function arraySteps(base: readonly Json[], target: readonly Json[]): ArrayStep[] {
  const shorter = Math.min(base.length, target.length)
  let head = 0
  while (head < shorter && isEqual(base[head] as Json, target[head] as Json)) head++
  let baseEnd = base.length
  let targetEnd = target.length
  while (baseEnd > head && targetEnd > head && isEqual(base[baseEnd - 1] as Json, target[targetEnd - 1] as Json)) {
    baseEnd--
    targetEnd--
  }
  const steps: ArrayStep[] = []
  if (head === baseEnd) {
    for (let j = targetEnd - 1; j >= head; j--) steps.push({ kind: 'add', at: head, value: target[j] as Json })
  } else if (head === targetEnd) {
    for (let i = baseEnd - 1; i >= head; i--) steps.push({ kind: 'remove', at: i })
  } else if (baseEnd - head === 1 && targetEnd - head === 1) {
    steps.push({ kind: 'change', at: head, before: base[head] as Json, after: target[head] as Json })
  } else {
    const before = sliceOf(base, head, baseEnd)
    const after = sliceOf(target, head, targetEnd)
    return new StepWriter(before, after, head, align(before, after)).list
  }
  return steps
}

/** Small enough for V8 to inline, which saves a call for each shared element. */
function isEqual(a: Json, b: Json): boolean {
  return a === b || jsonEqual(a, b)
}

/** Replaces `slice`, which V8 runs slowly, element by element, on a frozen array. */
function sliceOf(array: readonly Json[], from: number, to: number): Json[] {
  const elements: Json[] = []
  for (let i = from; i < to; i++) elements.push(array[i] as Json)
  return elements
}

/**
 * Writes an alignment's steps from the end to the head, so that earlier elements have not shifted yet.
 *
 * An element that moves towards the end is taken when its target index is reached, before its own turn (`#taken`). An
 * element that moves towards the head stays behind until its target index is reached (`#deferred`).
 */
class StepWriter {
  readonly list: ArrayStep[] = []
  readonly #base: readonly Json[]
  readonly #target: readonly Json[]
  readonly #head: number
  /** Elements that moved before their own turn. */
  readonly #taken = new Set<number>()
  /** Elements left behind, oldest first, each with the number of elements placed at that time. */
  readonly #deferred = new Map<number, number>()
  /** Number of elements added, kept or left behind so far. */
  #placed = 0

  constructor(base: readonly Json[], target: readonly Json[], head: number, alignment: Alignment) {
    this.#base = base
    this.#target = target
    this.#head = head
    this.#write(alignment)
  }

  #write({ pairOf, sourceOf, equal, moves }: Alignment): void {
    let i = this.#base.length
    let j = this.#target.length
    while (i > 0 || j > 0) {
      const pair = j > 0 ? (pairOf[j - 1] as number) : -2
      if (pair === -1) {
        j--
        const source = sourceOf[j] as number
        if (source < 0) this.list.push({ kind: 'add', at: this.#position(i), value: this.#target[j] as Json })
        else this.#move(source, i, j, equal[j] === 1)
        this.#placed++
      } else if (pair === i - 1) {
        i--
        j--
        if (equal[j] === 0) this.#change(i, j, this.#position(i))
        this.#placed++
      } else {
        i--
        if (this.#taken.delete(i)) continue
        if (moves.has(i)) this.#deferred.set(i, ++this.#placed)
        else this.list.push({ kind: 'remove', at: this.#position(i) })
      }
    }
  }

  /** Moves `source` to the index of target element `j`, which follows base element `i`. */
  #move(source: number, i: number, j: number, equal: boolean): void {
    let at = this.#position(i)
    let from: number
    const placedBefore = this.#deferred.get(source)
    if (placedBefore === undefined) {
      from = this.#position(source)
      at--
      this.#taken.add(source)
    } else {
      from = at + this.#placed - placedBefore
      this.#deferred.delete(source)
      // Elements left behind earlier now have one element less in front.
      for (const [other, mark] of this.#deferred) {
        if (mark < placedBefore) this.#deferred.set(other, mark + 1)
      }
    }
    if (from !== at) this.list.push({ kind: 'move', from, at })
    if (!equal) this.#change(source, j, at)
  }

  #change(i: number, j: number, at: number): void {
    this.list.push({ kind: 'change', at, before: this.#base[i] as Json, after: this.#target[j] as Json })
  }

  /** Returns the current index of base element `i`, which has not been reached yet. */
  #position(i: number): number {
    let at = this.#head + i
    for (const taken of this.#taken) {
      if (taken < i) at--
    }
    return at
  }
}
