import { defineCollection } from '@sync/core'
import type { Figure } from '../figure.ts'
import { compareRates } from '../rounds.ts'
import { openInstances } from './instances.ts'
import { type Outage, readOutages } from './outages.ts'

const DOCUMENTS = 1_000

const outages = defineCollection<Outage>({ section: 'outage', ttl: 'never' })

/** `get` of a document that is held, against a `Map` behind an asynchronous function. */
export const cachedGet: Figure = {
  name: 'get of a document held, against an async Map lookup',
  unit: 'reads/s',
  async measure() {
    await using instances = await openInstances(outages, 1)
    const [collection] = instances.collections
    if (collection === undefined) throw new Error('no instance')
    const map = new Map<string, Outage>()
    for (const { key, value } of await readOutages()) if (value !== null && map.size < DOCUMENTS) map.set(key, value)
    await Promise.all([...map].map(([key, value]) => collection.replace(key, value)))
    const keys = [...map.keys()]
    const lookUp = async (key: string): Promise<Outage | undefined> => map.get(key)
    let at = 0
    const next = (): string => keys[at++ % keys.length] as string
    return await compareRates({ ours: () => collection.get(next()), yardstick: () => lookUp(next()) })
  },
}
