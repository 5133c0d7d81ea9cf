import { type Json, jsonEqual } from '../model/json.ts'
import { align } from './align.ts'
import type { Alignment } from './alignment.ts'

/** One step on the way from an array to another. Indices count in the array as the steps before have left it. */
export type ArrayStep =
  | { readonly kind: 'add'; readonly at: number; readonly value: Json }
  | { readonly kind: 'remove'; readonly at: number }
  /** `at`: the index after it was taken out at `from`. */
  | { readonly kind: 'move'; readonly from: number; readonly at: number }
  /** The element stays where it is and differs, perhaps, inside. */
  | { readonly kind: 'change'; readonly at: number; readonly before: Json; readonly after: Json }

/** The steps that turn `base` into `wanted`, last index first. Takes time in proportion to what the arrays hold. */
export function arraySteps(base: readonly Json[], wanted: readonly Json[]): ArrayStep[] {
  const shorter = Math.min(base.length, wanted.length)
  let head = 0
  while (head < shorter && same(base[head] as Json, wanted[head] as Json)) head++
  let baseEnd = base.length
  let wantedEnd = wanted.length
  while (baseEnd > head && wantedEnd > head && same(base[baseEnd - 1] as Json, wanted[wantedEnd - 1] as Json)) {
    baseEnd--
    wantedEnd--
  }
  const steps: ArrayStep[] = []
  if (head === baseEnd) {
    for (let j = wantedEnd - 1; j >= head; j--) steps.push({ kind: 'add', at: head, value: wanted[j] as Json })
  } else if (head === wantedEnd) {
    for (let i = baseEnd - 1; i >= head; i--) steps.push({ kind: 'remove', at: i })
  } else if (baseEnd - head === 1 && wantedEnd - head === 1) {
    steps.push({ kind: 'change', at: head, before: base[head] as Json, after: wanted[head] as Json })
  } else {
    const before = part(base, head, baseEnd)
    const after = part(wanted, head, wantedEnd)
    return new Steps(before, after, head, align(before, after)).list
  }
  return steps
}

/** Small enough to be inlined, which saves a call for each element that is shared. */
function same(a: Json, b: Json): boolean {
  return a === b || jsonEqual(a, b)
}

/** What `slice` does, which V8 runs element by element, and slowly, on a frozen array. */
function part(array: readonly Json[], from: number, to: number): Json[] {
  const elements: Json[] = []
  for (let i = from; i < to; i++) elements.push(array[i] as Json)
  return elements
}

/**
 * Writes the steps of an alignment from the end to the head, so that what is still to come has not shifted.
 *
 * An element that moves towards the end is taken when its new place is reached: it is missing further ahead (`#gone`).
 * One that moves towards the head waits behind until its new place is reached (`#waiting`).
 */
class Steps {
  readonly list: ArrayStep[] = []
  readonly #base: readonly Json[]
  readonly #wanted: readonly Json[]
  readonly #head: number
  /** Elements taken from ahead of their turn. */
  readonly #gone = new Set<number>()
  /** Elements left behind, the first to be left first: how many elements were placed when each was. */
  readonly #waiting = new Map<number, number>()
  /** How many elements were put, kept or left in front of all that stood behind. */
  #placed = 0

  constructor(base: readonly Json[], wanted: readonly Json[], head: number, alignment: Alignment) {
    this.#base = base
    this.#wanted = wanted
    this.#head = head
    this.#write(alignment)
  }

  #write({ pairOf, sourceOf, equal, moves }: Alignment): void {
    let i = this.#base.length
    let j = this.#wanted.length
    while (i > 0 || j > 0) {
      const pair = j > 0 ? (pairOf[j - 1] as number) : -2
      if (pair === -1) {
        j--
        const source = sourceOf[j] as number
        if (source < 0) this.list.push({ kind: 'add', at: this.#position(i), value: this.#wanted[j] as Json })
        else this.#move(source, i, j, equal[j] === 1)
        this.#placed++
      } else if (pair === i - 1) {
        i--
        j--
        if (equal[j] === 0) this.#change(i, j, this.#position(i))
        this.#placed++
      } else {
        i--
        if (this.#gone.delete(i)) continue
        if (moves.has(i)) this.#waiting.set(i, ++this.#placed)
        else this.list.push({ kind: 'remove', at: this.#position(i) })
      }
    }
  }

  /** Moves `source` in front of what comes after the base element `i`, where the wanted element `j` belongs. */
  #move(source: number, i: number, j: number, equal: boolean): void {
    let at = this.#position(i)
    let from: number
    const left = this.#waiting.get(source)
    if (left === undefined) {
      from = this.#position(source)
      at--
      this.#gone.add(source)
    } else {
      from = at + this.#placed - left
      this.#waiting.delete(source)
      // Who was left before it has one less in front.
      for (const [other, mark] of this.#waiting) {
        if (mark < left) this.#waiting.set(other, mark + 1)
      }
    }
    if (from !== at) this.list.push({ kind: 'move', from, at })
    if (!equal) this.#change(source, j, at)
  }

  #change(i: number, j: number, at: number): void {
    this.list.push({ kind: 'change', at, before: this.#base[i] as Json, after: this.#wanted[j] as Json })
  }

  /** Where the base element `i`, not yet reached, stands now. */
  #position(i: number): number {
    let at = this.#head + i
    for (const gone of this.#gone) {
      if (gone < i) at--
    }
    return at
  }
}
