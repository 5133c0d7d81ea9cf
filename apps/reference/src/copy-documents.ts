import { openStore } from '@sync/config'
import { type Collection, createSync, memoryBus } from '@sync/core'
import type { Document } from 'feed'
import { outages, place } from './services/outages.ts'

const AT_ONCE = 200

/** Makes the documents of one store those of another one, whose own go. Nobody may write to either meanwhile. */
export async function copyDocuments(from: string, to: string): Promise<void> {
  await using source = await openAlone(from)
  await using target = await openAlone(to)
  const found = new Set<string>()
  await inBatches(source.outages.entries(), ([key, { value }]) => {
    found.add(key)
    return target.outages.replace(key, value)
  })
  await inBatches(target.outages.entries(), async ([key]) => {
    if (!found.has(key)) await target.outages.delete(key)
  })
}

/** An instance that nobody hears. */
async function openAlone(store: string): Promise<AsyncDisposable & { readonly outages: Collection<Document> }> {
  const sync = createSync({ store: await openStore(store), bus: memoryBus() })
  return { outages: sync.collection(outages, place), [Symbol.asyncDispose]: () => sync.close() }
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
