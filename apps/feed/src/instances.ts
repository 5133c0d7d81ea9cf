import { connect } from '@sync/config'
import { type Collection, defineCollection, type SyncEvent, type SyncInstance } from '@sync/core'
import type { Copy } from './audit.ts'
import type { Document } from './feed-file.ts'

/** One instance that replicates the outages. */
export interface Instance {
  readonly name: string
  readonly sync: SyncInstance
  readonly outages: Collection<Document>
}

const outages = defineCollection<Document>({ section: 'outage', ttl: 'never', replicate: 'all' })
const location = { partition: 'pge' }

/** Opens an instance and waits until it has replicated all outages. */
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

/** Returns a copy that reads a replica's cache. */
export const replicaCopy = ({ name, outages }: Instance): Copy => ({
  name,
  async read(keys) {
    const entries = keys.map((key) => [key, outages.peek(key)] as const)
    return new Map(entries.filter((entry): entry is [string, Document] => entry[1] !== undefined))
  },
})

/** Returns a copy that reads the store through a newly opened instance. */
export const storeCopy = ({ outages }: Instance): Copy => ({
  name: 'store',
  read: (keys) => outages.getMany(keys, { timeout: '30s' }),
})

/** Returns a sentence for events that a user should see; `undefined` for the others, which the counters cover. */
export function describeEvent(event: SyncEvent): string | undefined {
  switch (event.type) {
    case 'store-unavailable':
      return `the store is unavailable (${event.error.message})`
    case 'store-available':
      return 'the store is available again'
    case 'bus':
      return event.status === 'connected' || event.status === 'closed' ? undefined : `bus ${event.status}`
    case 'epoch':
      return `the store began a new epoch${event.lost ? '; commits were lost' : ''}`
    case 'publish-failed':
      return `publish failed (${event.error.message})`
    default:
      return undefined
  }
}
