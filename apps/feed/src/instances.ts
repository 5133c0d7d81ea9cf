import { connect } from '@sync/config'
import { type Collection, defineCollection, type SyncEvent, type SyncInstance } from '@sync/core'
import type { Copy } from './audit.ts'
import type { Document } from './feed-file.ts'

/** One service instance with the outages in its memory. */
export interface Instance {
  readonly name: string
  readonly sync: SyncInstance
  readonly outages: Collection<Document>
}

const outages = defineCollection<Document>({ section: 'outage', ttl: 'never', replicate: 'all' })
const location = { partition: 'pge' }

/** Opens an instance and waits until it follows the outages. */
export async function openInstance(
  name: string,
  urls: { readonly store: string; readonly bus: string },
  signal: AbortSignal,
): Promise<Instance> {
  const sync = await connect({ store: urls.store, bus: urls.bus })
  const instance = { name, sync, outages: sync.collection(outages, location) }
  try {
    await instance.outages.ready({ signal })
    return instance
  } catch (error) {
    await sync.close({ deadline: 1 })
    throw error
  }
}

/** What a replica holds in its memory right now. */
export const replicaCopy = ({ name, outages }: Instance): Copy => ({
  name,
  async read(keys) {
    const held = keys.map((key) => [key, outages.peek(key)] as const)
    return new Map(held.filter((entry): entry is [string, Document] => entry[1] !== undefined))
  },
})

/** What the store holds, as an instance loads it that has held nothing before. */
export const storeCopy = ({ outages }: Instance): Copy => ({
  name: 'store',
  read: (keys) => outages.getMany(keys, { timeout: '30s' }),
})

/** What a person should hear of, in a sentence; counters tell the rest. */
export function describeEvent(event: SyncEvent): string | undefined {
  switch (event.type) {
    case 'store-unavailable':
      return `the store is away (${event.error.message})`
    case 'store-available':
      return 'the store is back'
    case 'bus':
      return event.status === 'connected' || event.status === 'closed' ? undefined : `the bus: ${event.status}`
    case 'epoch':
      return `the store began a new epoch${event.lost ? ', history was lost' : ''}`
    case 'publish-failed':
      return `changes could not be published (${event.error.message})`
    default:
      return undefined
  }
}
