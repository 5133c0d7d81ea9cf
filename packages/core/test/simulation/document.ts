/** A document of the simulation: registers, a field for each merge strategy, and a list with one element per update. */
export interface Doc {
  a?: string
  b?: string
  flag?: number
  n?: number
  l?: { id: string; at: number }[]
  s?: number
  hi?: number
  lo?: number
  u?: { id: string; v?: number }[]
  t?: string[]
  c?: string
  w?: Record<string, number>
  d?: Record<string, string>
}

/** Appends an element to the list and stores the list's length in `n`. */
export function push(doc: Doc, element: { id: string; at: number }): void {
  doc.l ??= []
  doc.n = doc.l.push(element)
}
