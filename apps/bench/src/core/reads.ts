import { type Collection, defineCollection } from '@sync/core'
import type { Figure } from '../figure.ts'
import { compareRates } from '../rounds.ts'
import { openInstances } from './instances.ts'
import { type Outage, readOutages } from './outages.ts'

const DOCUMENTS = 1_000
/** Reads per measured call: enough that the clock and the loop cost little in comparison. */
const READS = 100

const outages = defineCollection<Outage>({ section: 'outage', ttl: 'never' })

/** `get` of a cached document, against a `Map` behind an asynchronous function. */
export const cachedGet: Figure = {
  name: 'get of a cached document, against an async Map lookup',
  unit: 'reads/s',
  goal: { atLeast: 0.6 },
  measure: () =>
    withDocuments(async (collection, keys, map) => {
      const lookUp = async (key: string): Promise<Outage | undefined> => map.get(key)
      let index = 0
      const next = (): string => keys[index++ % keys.length] as string
      return await compareRates({ ours: () => collection.get(next()), baseline: () => lookUp(next()) })
    }),
}

/** `peek` of a cached document, against a lookup by partition, section and key in nested `Map`s. */
export const cachedPeek: Figure = {
  name: 'peek of a cached document, against nested Map lookups',
  unit: 'reads/s',
  goal: { atLeast: 0.3 },
  measure: () =>
    withDocuments(async (collection, keys, map) => {
      const nested = new Map([['bench', new Map([['outage', map]])]])
      const lookUp = (key: string): Outage | undefined => nested.get('bench')?.get('outage')?.get(key)
      let index = 0
      const readMany = (read: (key: string) => unknown) => (): unknown => {
        let last: unknown
        for (let n = 0; n < READS; n++) last = read(keys[index++ % keys.length] as string)
        return last
      }
      return await compareRates({
        ours: readMany((key) => collection.peek(key)),
        baseline: readMany(lookUp),
        operations: READS,
      })
    }),
}

/** Loads the feed's first documents into a collection and a map, and measures with them. */
async function withDocuments<R>(
  measure: (collection: Collection<Outage>, keys: readonly string[], map: Map<string, Outage>) => Promise<R>,
): Promise<R> {
  await using instances = await openInstances(outages, 1)
  const [collection] = instances.collections
  if (collection === undefined) throw new Error('no instance')
  const map = new Map<string, Outage>()
  for (const { key, value } of await readOutages()) if (value !== null && map.size < DOCUMENTS) map.set(key, value)
  await Promise.all([...map].map(([key, value]) => collection.set(key, value)))
  await collection.getMany([...map.keys()])
  return await measure(collection, [...map.keys()], map)
}
