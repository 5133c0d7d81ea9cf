import { isJsonContainer, type Json } from '../model/json.ts'
import type { Classes } from './increasing-matches.ts'

/** An array with holes: elements that are not to be looked at. */
type Sparse = readonly (Json | undefined)[]

/** No class at all: like nothing else. */
const NONE = -1

/**
 * Files elements under numbers, so that equal numbers mean equal elements: scalars by value, containers by identity.
 * Those found at one side alone are compared by their text, in which the order of members counts.
 */
export function classesOf(base: Sparse, wanted: Sparse): Classes {
  const ids = new Map<Json, number>()
  const ofBase = numbersOf(base, ids)
  const common = ids.size
  const ofWanted = numbersOf(wanted, ids)
  if (ids.size > common) {
    const byText = new Map<string, number>()
    const [inBase, inWanted] = [new Set(ofBase), new Set(ofWanted)]
    joinByText(base, ofBase, inWanted, byText)
    joinByText(wanted, ofWanted, inBase, byText)
  }
  return { ofBase, ofWanted }
}

/** Files elements under their label: those of the same label are taken for the same thing, changed perhaps. */
export function labelsOf(base: Sparse, wanted: Sparse): Classes {
  const ids = new Map<Json, number>()
  const labels = (elements: Sparse): Sparse => elements.map((each) => (each === undefined ? undefined : labelOf(each)))
  return { ofBase: numbersOf(labels(base), ids), ofWanted: numbersOf(labels(wanted), ids) }
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

function numbersOf(elements: Sparse, ids: Map<Json, number>): Int32Array {
  const numbers = new Int32Array(elements.length)
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i]
    const id = element === undefined ? NONE : ids.get(element)
    numbers[i] = id ?? ids.size
    if (id === undefined) ids.set(element as Json, ids.size)
  }
  return numbers
}

function joinByText(
  elements: Sparse,
  classes: Int32Array,
  settled: ReadonlySet<number>,
  byText: Map<string, number>,
): void {
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i]
    if (!isJsonContainer(element) || settled.has(classes[i] as number)) continue
    const text = JSON.stringify(element)
    const id = byText.get(text)
    if (id === undefined) byText.set(text, classes[i] as number)
    else classes[i] = id
  }
}
