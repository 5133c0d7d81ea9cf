import { isJsonContainer, type Json } from '../model/json.ts'
import type { ElementClasses } from './increasing-matches.ts'

/** An array with holes: elements that are not to be looked at. */
type Sparse = readonly (Json | undefined)[]

/** No class at all: like nothing else. */
const NO_CLASS = -1

/**
 * Files elements under numbers, so that equal numbers mean equal elements: scalars by value, containers by identity.
 * Those found at one side alone are compared by their text, in which the order of members counts.
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

/** Files elements under their label: those of the same label are taken for the same thing, changed perhaps. */
export function labelsOf(base: Sparse, target: Sparse): ElementClasses {
  const ids = new Map<Json, number>()
  const labels = (elements: Sparse): Sparse => elements.map((each) => (each === undefined ? undefined : labelOf(each)))
  return { ofBase: classNumbersOf(labels(base), ids), ofTarget: classNumbersOf(labels(target), ids) }
}

/** By what an element of a list is commonly told from the others: a text or number of a well-known name. */
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
