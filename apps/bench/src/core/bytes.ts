import { defineCollection } from '@sync/core'
import type { Figure, Measurement } from '../figure.ts'
import { openInstances } from './instances.ts'
import { type Outage, readOutages } from './outages.ts'

interface Sizes {
  count: number
  /** UTF-8 bytes of the frames on the bus. Each frame carries one change. */
  frames: number
  /** UTF-8 bytes of the documents after each change. */
  documents: number
}

const outages = defineCollection<Outage>({ section: 'outage', ttl: 'never', replicate: 'all' })

/** Updates of existing records, which deltas are designed for. */
export const bytesOfAnUpdate: Figure = {
  name: 'update of an outage: frame against whole document',
  unit: 'bytes, lower is better',
  measure: async () => perChange((await sizes()).updates),
}

/** All changes of the feed, including creations and removals. A removal has no document and counts as 4 bytes, `null`. */
export const bytesOfTheFeed: Figure = {
  name: 'any change of the outage feed: frame against whole document',
  unit: 'bytes, lower is better',
  async measure() {
    const { updates, others } = await sizes()
    return perChange({
      count: updates.count + others.count,
      frames: updates.frames + others.frames,
      documents: updates.documents + others.documents,
    })
  },
}

function perChange({ count, frames, documents }: Sizes): Measurement {
  return { ours: frames / count, baseline: documents / count, ratio: frames / documents, spread: 0 }
}

let measured: Promise<{ readonly updates: Sizes; readonly others: Sizes }> | undefined

/** Counts once; both figures share the result. */
const sizes = (): NonNullable<typeof measured> => (measured ??= countSizes())

async function countSizes(): Promise<{ readonly updates: Sizes; readonly others: Sizes }> {
  const updates: Sizes = { count: 0, frames: 0, documents: 0 }
  const others: Sizes = { count: 0, frames: 0, documents: 0 }
  await using instances = await openInstances(outages, 1)
  const [collection] = instances.collections
  const [sync] = instances.syncs
  if (collection === undefined || sync === undefined) throw new Error('no instance')
  let receivedBytes = 0
  await instances.listen((frame) => {
    receivedBytes += Buffer.byteLength(frame)
  })
  for (const { key, value } of await readOutages()) {
    const sizes = value !== null && collection.peek(key) !== undefined ? updates : others
    if (value === null) await collection.delete(key)
    else await collection.set(key, value)
    // awaits each write and its frame before the next one, so that every frame carries one change
    await sync.flush()
    if (receivedBytes === 0) continue
    sizes.count++
    sizes.frames += receivedBytes
    sizes.documents += Buffer.byteLength(JSON.stringify(value))
    receivedBytes = 0
  }
  return { updates, others }
}
