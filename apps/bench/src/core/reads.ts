import { type Collection, defineCollection } from '@sync/core'
import type { Figure } from '../figure.ts'
import { compareRates } from '../rounds.ts'
import { openInstances } from './instances.ts'
import { type Outage, readOutages } from './outages.ts'

const DOCUMENTS = 1_000
/** Far more reads than the clock or a loop costs. */
const READS = 100

const outages = defineCollection<Outage>({ section: 'outage', ttl: 'never' })

/** `get` of a document that is held, against a `Map` behind an asynchronous function. */
export const cachedGet: Figure = {
  name: 'get of a document held, against an async Map lookup',
  unit: 'reads/s',
  goal: { atLeast: 0.6 },
  measure: () =>
    withDocuments(async (collection, keys, map) => {
      const lookUp = async (key: string): Promise<Outage | undefined> => map.get(key)
      let at = 0
      const next = (): string => keys[at++ % keys.length] as string
      return await compareRates({ ours: () => collection.get(next()), baseline: () => lookUp(next()) })
    }),
}

/** `peek` of a document that is held, against a lookup by partition, section and key in nested `Map`s. */
export const cachedPeek: Figure = {
  name: 'peek of a document held, against nested Map lookups',
  unit: 'reads/s',
  goal: { atLeast: 0.3 },
  measure: () =>
    withDocuments(async (collection, keys, map) => {
      const nested = new Map([['bench', new Map([['outage', map]])]])
      const lookUp = (key: string): Outage | undefined => nested.get('bench')?.get('outage')?.get(key)
      let at = 0
      const readMany = (read: (key: string) => unknown) => (): unknown => {
        let last: unknown
        for (let n = 0; n < READS; n++) last = read(keys[at++ % keys.length] as string)
        return last
      }
      return await compareRates({
        ours: readMany((key) => collection.peek(key)),
        baseline: readMany(lookUp),
        operations: READS,
      })
    }),
}

/** Holds the first documents of the feed, in a collection and in a map. */
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
