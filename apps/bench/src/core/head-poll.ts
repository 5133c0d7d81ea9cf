import { defineCollection, type SyncInstance } from '@sync/core'
import type { Figure } from '../figure.ts'
import { compareRates } from '../rounds.ts'
import { openStubInstance } from './stub-instance.ts'

const FEW = 1_000
const MANY = 1_000_000

/** What it costs to ask whether anything was missed, however much is held. */
export const headPoll: Figure = {
  name: 'silence check of a section of 1 M documents, against one of 1,000',
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
  for (let at = 0; at < count; at += 10_000) {
    await collection.getMany(Array.from({ length: Math.min(10_000, count - at) }, (_, n) => `document-${at + n}`))
  }
  return sync
}
