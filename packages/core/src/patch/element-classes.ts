import { isJsonContainer, type Json } from '../model/json.ts'
import type { ElementClasses } from './increasing-matches.ts'

/** An array with holes for elements to ignore. */
type Sparse = readonly (Json | undefined)[]

/** No class: equal to no other element. */
const NO_CLASS = -1

/**
 * Assigns class numbers such that equal numbers mean equal elements: scalars by value, containers by identity. Elements
 * found on one side only are also compared by their JSON text, in which the order of members counts.
 */
export function classesOf(base: Sparse, target: Sparse): ElementClasses {
  const ids = new Map<Json, number>()
  const ofBase = classNumbersOf(base, ids)
  const common = ids.size
  const ofTarget = classNumbersOf(target, ids)
  if (ids.size > common) {
    const byText = new Map<string, number>()
    const [inBase, inTarget] = [new Set(ofBase), new Set(ofTarget)]
    mergeByText(base, ofBase, inTarget, byText)
    mergeByText(target, ofTarget, inBase, byText)
  }
  return { ofBase, ofTarget }
}

/** Assigns class numbers by label. Elements with the same label are considered the same element, possibly changed. */
export function labelsOf(base: Sparse, target: Sparse): ElementClasses {
  const ids = new Map<Json, number>()
  const labels = (elements: Sparse): Sparse => elements.map((each) => (each === undefined ? undefined : labelOf(each)))
  return { ofBase: classNumbersOf(labels(base), ids), ofTarget: classNumbersOf(labels(target), ids) }
}

/** Returns the label that commonly identifies a list element: a string or number under a well-known name. */
export function labelOf(element: Json): string | number | undefined {
  if (!isJsonContainer(element)) return undefined
  const { id, _id, uuid, key, name } = element as Record<string, Json | undefined>
  for (const label of [id, _id, uuid, key, name]) {
    if (typeof label === 'string' || typeof label === 'number') return label
  }
  return undefined
}

function classNumbersOf(elements: Sparse, ids: Map<Json, number>): Int32Array {
  const numbers = new Int32Array(elements.length)
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i]
    const id = element === undefined ? NO_CLASS : ids.get(element)
    numbers[i] = id ?? ids.size
    if (id === undefined) ids.set(element as Json, ids.size)
  }
  return numbers
}

function mergeByText(
  elements: Sparse,
  classes: Int32Array,
  settledClasses: ReadonlySet<number>,
  byText: Map<string, number>,
): void {
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i]
    if (!isJsonContainer(element) || settledClasses.has(classes[i] as number)) continue
    const text = JSON.stringify(element)
    const id = byText.get(text)
    if (id === undefined) byText.set(text, classes[i] as number)
    else classes[i] = id
  }
}
