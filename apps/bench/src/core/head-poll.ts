import { defineCollection, type SyncInstance } from '@sync/core'
import type { Figure } from '../figure.ts'
import { compareRates } from '../rounds.ts'
import { openStubInstance } from './stub-instance.ts'

const FEW = 1_000
const MANY = 1_000_000

/** Cost of a heartbeat check, which must not grow with the number of cached documents. */
export const headPoll: Figure = {
  name: 'heartbeat check of a section with 1 M documents, against one with 1,000',
  unit: 'checks/s',
  goal: { atLeast: 0.8 },
  async measure() {
    const many = await openWithDocuments(MANY)
    const few = await openWithDocuments(FEW)
    const measured = await compareRates({ ours: () => many.catchUp(), baseline: () => few.catchUp() })
    await Promise.all([many.close(), few.close()])
    return measured
  },
}

async function openWithDocuments(count: number): Promise<SyncInstance> {
  const { sync } = openStubInstance((key) => `{"id":"${key}"}`)
  const definition = defineCollection<{ id: string }>({ section: 'doc', ttl: 'never' })
  const collection = sync.collection(definition, { partition: 'bench' })
  for (let from = 0; from < count; from += 10_000) {
    await collection.getMany(Array.from({ length: Math.min(10_000, count - from) }, (_, n) => `document-${from + n}`))
  }
  return sync
}
