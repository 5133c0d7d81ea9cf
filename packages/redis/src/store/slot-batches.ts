import type { SectionRef } from '@sync/core/adapter'
import { type KeyLayout, sectionName } from '../names.ts'

/** Splits items into calls of limited size, in a cluster one slot each, and returns the results in the order of the items. */
export async function batchBySlot<I, O>(
  items: readonly I[],
  {
    layout,
    maxBatchSize,
    sectionOf,
  }: { readonly layout: KeyLayout; readonly maxBatchSize: number; readonly sectionOf: (item: I) => SectionRef },
  call: (batch: readonly I[]) => Promise<O[]>,
): Promise<O[]> {
  if (!layout.cluster && items.length > 0 && items.length <= maxBatchSize) return call(items)
  const indexesBySlot = new Map<string, number[]>()
  for (const [at, item] of items.entries()) {
    const slot = layout.cluster ? sectionName(sectionOf(item), layout) : ''
    const indexes = indexesBySlot.get(slot)
    if (indexes) indexes.push(at)
    else indexesBySlot.set(slot, [at])
  }
  const ordered = new Array<O>(items.length)
  const batches = [...indexesBySlot.values()].flatMap((indexes) =>
    Array.from({ length: Math.ceil(indexes.length / maxBatchSize) }, (_, n) =>
      indexes.slice(n * maxBatchSize, (n + 1) * maxBatchSize),
    ),
  )
  await Promise.all(
    batches.map(async (indexes) => {
      const results = await call(indexes.map((at) => items[at] as I))
      for (const [n, at] of indexes.entries()) ordered[at] = results[n] as O
    }),
  )
  return ordered
}
