import { openBus, openStore } from '@sync/config'
import { type Collection, createSync, type Sync } from '@sync/core'
import type { Document } from 'feed'
import { type DisturbedBus, disturbed } from './disturbed-bus.ts'
import { outages, place } from './outages.ts'

/** One service instance with the outages in its memory. */
export interface Instance {
  readonly name: string
  readonly sync: Sync
  readonly outages: Collection<Document>
  /** What can be done to the frames on their way to it. */
  readonly bus: DisturbedBus
}

/** Where documents live and what carries changes, as URLs. */
export interface Transports {
  readonly store: string
  readonly bus: string
}

/** How soon an instance notices a silence that should not be: short, so that the page shows it while one looks. */
const CHECK_INTERVAL = '1s'

/** Opens an instance and waits until it holds the outages. */
export async function openInstance(name: string, urls: Transports, signal: AbortSignal): Promise<Instance> {
  const store = await openStore(urls.store)
  const bus = disturbed(
    await openBus(urls.bus).catch(async (error: unknown) => {
      await store.close()
      throw error
    }),
  )
  const sync = createSync({ store, bus, checkInterval: CHECK_INTERVAL })
  const instance = { name, sync, bus, outages: sync.collection(outages, place) }
  try {
    await instance.outages.ready({ signal })
    return instance
  } catch (error) {
    await sync.close({ deadline: 1 })
    throw error
  }
}
