import { openStore } from '@sync/config'
import { type Collection, createInstance, memoryBus, type SyncInstance } from '@sync/core'
import { units, unitsSection } from './services/forecast/units.ts'
import { outages, outagesSection } from './services/outages.ts'

const BATCH_SIZE = 200
/** Limits each call, so that an unreachable store fails the copy. */
const callOptions = { timeout: '10s' } as const

/** Replaces one store's documents with those of another. Neither store may be written to during the copy. */
export async function copyDocuments(from: string, to: string): Promise<void> {
  const opened: SyncInstance[] = []
  // the instances need no shared bus, since no other instance writes during the copy
  const open = async (url: string): Promise<SyncInstance> => {
    const sync = createInstance({ store: await openStore(url), bus: memoryBus() })
    opened.push(sync)
    return sync
  }
  try {
    const [source, target] = [await open(from), await open(to)]
    await copyAll(source.collection(outages, outagesSection), target.collection(outages, outagesSection))
    await copyAll(source.collection(units, unitsSection), target.collection(units, unitsSection))
  } finally {
    await Promise.all(opened.map((sync) => sync.close({ deadline: '2s' })))
  }
}

async function copyAll<T>(source: Collection<T>, target: Collection<T>): Promise<void> {
  const copiedKeys = new Set<string>()
  await inBatches(source.entries(callOptions), ([key, { value }]) => {
    copiedKeys.add(key)
    return target.set(key, value, callOptions)
  })
  await inBatches(target.entries(callOptions), async ([key]) => {
    if (!copiedKeys.has(key)) await target.delete(key, callOptions)
  })
}

async function inBatches<T>(items: AsyncIterable<T>, work: (item: T) => Promise<unknown>): Promise<void> {
  let pending: Promise<unknown>[] = []
  try {
    for await (const item of items) {
      pending.push(work(item))
      if (pending.length < BATCH_SIZE) continue
      await Promise.all(pending)
      pending = []
    }
    await Promise.all(pending)
  } finally {
    // if one operation failed, this waits for the others to settle
    await Promise.allSettled(pending)
  }
}
