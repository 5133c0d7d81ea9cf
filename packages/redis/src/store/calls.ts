import type { SectionRef } from '@sync/core/adapter'
import { type Layout, sectionName } from '../names.ts'

/** Divides what is asked into calls, each bounded and in a cluster of one slot, and puts the answers in order again. */
export async function inCalls<I, O>(
  items: readonly I[],
  {
    layout,
    most,
    sectionOf,
  }: { readonly layout: Layout; readonly most: number; readonly sectionOf: (item: I) => SectionRef },
  call: (part: readonly I[]) => Promise<O[]>,
): Promise<O[]> {
  if (!layout.cluster && items.length > 0 && items.length <= most) return call(items)
  const slots = new Map<string, number[]>()
  for (const [at, item] of items.entries()) {
    const slot = layout.cluster ? sectionName(sectionOf(item), layout) : ''
    const places = slots.get(slot)
    if (places) places.push(at)
    else slots.set(slot, [at])
  }
  const answers = new Array<O>(items.length)
  const parts = [...slots.values()].flatMap((places) =>
    Array.from({ length: Math.ceil(places.length / most) }, (_, n) => places.slice(n * most, (n + 1) * most)),
  )
  await Promise.all(
    parts.map(async (places) => {
      const answered = await call(places.map((at) => items[at] as I))
      for (const [n, at] of places.entries()) answers[at] = answered[n] as O
    }),
  )
  return answers
}
