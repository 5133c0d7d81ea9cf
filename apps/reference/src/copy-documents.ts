import { openStore } from '@sync/config'
import { type Collection, createSync, memoryBus } from '@sync/core'
import { units, unitsPlace } from './services/forecast/units.ts'
import { outages, place } from './services/outages.ts'

const AT_ONCE = 200

/** Makes the documents of one store those of another one, whose own go. Nobody may write to either meanwhile. */
export async function copyDocuments(from: string, to: string): Promise<void> {
  await using source = await openAlone(from)
  await using target = await openAlone(to)
  await copyAll(source.outages, target.outages)
  await copyAll(source.units, target.units)
}

/** An instance that nobody hears. */
async function openAlone(store: string) {
  const sync = createSync({ store: await openStore(store), bus: memoryBus() })
  return {
    outages: sync.collection(outages, place),
    units: sync.collection(units, unitsPlace),
    [Symbol.asyncDispose]: () => sync.close(),
  }
}

async function copyAll<T>(source: Collection<T>, target: Collection<T>): Promise<void> {
  const found = new Set<string>()
  await inBatches(source.entries(), ([key, { value }]) => {
    found.add(key)
    return target.replace(key, value)
  })
  await inBatches(target.entries(), async ([key]) => {
    if (!found.has(key)) await target.delete(key)
  })
}

async function inBatches<T>(items: AsyncIterable<T>, work: (item: T) => Promise<unknown>): Promise<void> {
  let working: Promise<unknown>[] = []
  for await (const item of items) {
    working.push(work(item))
    if (working.length < AT_ONCE) continue
    await Promise.all(working)
    working = []
  }
  await Promise.all(working)
}
