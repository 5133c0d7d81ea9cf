/** A document of the simulation: registers, a field for each merge strategy, and a list of all updates that counted. */
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

/** Adds an element to the list, and counts it. */
export function push(doc: Doc, element: { id: string; at: number }): void {
  doc.l ??= []
  doc.n = doc.l.push(element)
}
