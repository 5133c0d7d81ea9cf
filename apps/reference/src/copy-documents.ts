import { openStore } from '@sync/config'
import { type Collection, createSync, memoryBus, type Sync } from '@sync/core'
import { units, unitsPlace } from './services/forecast/units.ts'
import { outages, place } from './services/outages.ts'

const AT_ONCE = 200
/** How long a store may take to answer: one that cannot be reached is not waited for. */
const patience = { timeout: '10s' } as const

/** Makes the documents of one store those of another one, whose own go. Nobody may write to either meanwhile. */
export async function copyDocuments(from: string, to: string): Promise<void> {
  const opened: Sync[] = []
  // nobody hears either of them
  const open = async (url: string): Promise<Sync> => {
    const sync = createSync({ store: await openStore(url), bus: memoryBus() })
    opened.push(sync)
    return sync
  }
  try {
    const [source, target] = [await open(from), await open(to)]
    await copyAll(source.collection(outages, place), target.collection(outages, place))
    await copyAll(source.collection(units, unitsPlace), target.collection(units, unitsPlace))
  } finally {
    await Promise.all(opened.map((sync) => sync.close({ deadline: '2s' })))
  }
}

async function copyAll<T>(source: Collection<T>, target: Collection<T>): Promise<void> {
  const found = new Set<string>()
  await inBatches(source.entries(patience), ([key, { value }]) => {
    found.add(key)
    return target.replace(key, value, patience)
  })
  await inBatches(target.entries(patience), async ([key]) => {
    if (!found.has(key)) await target.delete(key, patience)
  })
}

async function inBatches<T>(items: AsyncIterable<T>, work: (item: T) => Promise<unknown>): Promise<void> {
  let working: Promise<unknown>[] = []
  try {
    for await (const item of items) {
      working.push(work(item))
      if (working.length < AT_ONCE) continue
      await Promise.all(working)
      working = []
    }
    await Promise.all(working)
  } finally {
    // should one have failed, the others are over too
    await Promise.allSettled(working)
  }
}
