import { setImmediate } from 'node:timers/promises'
import { defineCollection } from '@sync/core'
import type { Figure } from '../figure.ts'
import { compareRates } from '../rounds.ts'
import { openInstances } from './instances.ts'
import { type Outage, readOutages } from './outages.ts'

const WRITES = 256

const outages = defineCollection<Outage>({ section: 'outage', ttl: 'never', replicate: 'all' })

/**
 * Changes per second that one instance commits and another applies, many in flight, against copying the document from map to map as
 * JSON.
 */
export const propagation: Figure = {
  name: 'commit to applied in another instance, against JSON from map to map',
  unit: 'changes/s',
  async measure() {
    await using instances = await openInstances(outages, 2)
    const [writer, reader] = instances.collections
    if (writer === undefined || reader === undefined) throw new Error('no instance')
    const documents = await someOutages()
    let estimateCount = 0

    const ours = async (): Promise<void> => {
      const estimate = ++estimateCount
      await Promise.all(documents.map(([key, value]) => writer.set(key, { ...value, EST_CUSTOMERS: estimate })))
      for (const [key] of documents) {
        while (reader.peek(key)?.['EST_CUSTOMERS'] !== estimate) await setImmediate()
      }
    }

    const local = new Map<string, Outage>()
    const remote = new Map<string, Outage>()
    const baseline = (): void => {
      const estimate = ++estimateCount
      for (const [key, value] of documents) {
        const changed = { ...value, EST_CUSTOMERS: estimate }
        local.set(key, changed)
        remote.set(key, JSON.parse(JSON.stringify(changed)) as Outage)
      }
    }

    return await compareRates({ ours, baseline, operations: WRITES })
  },
}

async function someOutages(): Promise<readonly (readonly [string, Outage])[]> {
  const documents = new Map<string, Outage>()
  for (const { key, value } of await readOutages()) {
    if (value !== null && documents.size < WRITES) documents.set(key, value)
  }
  return [...documents]
}
