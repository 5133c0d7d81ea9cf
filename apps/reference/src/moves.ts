import { setTimeout } from 'node:timers/promises'
import { copyDocuments } from './copy-documents.ts'
import { type Digests, digestsOf, standingStill } from './digests.ts'
import type { EventLog } from './event-log.ts'
import type { Fleet } from './fleet.ts'
import type { Place } from './servers/server.ts'

/** What a move came to. */
export interface Moved {
  readonly what: 'bus' | 'store'
  readonly from: string
  readonly to: string
  /** All documents before the old place was left, and after. */
  readonly before: Digests
  readonly after: Digests
}

/** How long a bus may take to be heard by everybody. */
const JOIN_MS = 20_000

/**
 * Moves a running system to another bus: every instance joins the new one while writes go on; then all leave the old one, with
 * writes held for that moment, so that the documents of before and after can be compared. Should not everybody join, nobody has.
 */
export async function moveBus(fleet: Fleet, from: Place, to: Place, log: EventLog): Promise<Moved> {
  const instances = [fleet.ingest, ...fleet.replicas]
  const leave = (url: string): Promise<unknown> => Promise.all(instances.map(({ ask }) => ask('removeBus', { url })))
  try {
    await within(JOIN_MS, Promise.all(instances.map(({ ask }) => ask('addBus', { url: to.url }))))
  } catch (error) {
    await leave(to.url).catch(() => undefined)
    throw error
  }
  log.add('all', `on two buses: ${from.name} and ${to.name}`, Date.now())
  return standingStill(fleet, async () => {
    const before = await digestsOf(fleet)
    await leave(from.url)
    await Promise.all(fleet.replicas.map(({ ask }) => ask('check')))
    const after = await digestsOf(fleet)
    return { what: 'bus', from: from.name, to: to.name, before, after }
  })
}

/**
 * Restarts a system on another store, to which its documents are copied: their contents, not their versions, which begin anew.
 * `reopen` opens the system on a store, its writer standing still. Should the other one not serve, it goes on with the old one.
 */
export async function moveStore(
  { from, to, log }: { readonly from: Place; readonly to: Place; readonly log: EventLog },
  old: Fleet,
  reopen: (store: Place) => Promise<Fleet>,
): Promise<Moved> {
  const before = await standingStill(old, async () => {
    const digests = await digestsOf(old)
    await old.close()
    return digests
  })
  try {
    await copyDocuments(from.url, to.url)
    log.add('all', `${before.documents} documents copied to ${to.name}`, Date.now())
    return { what: 'store', from: from.name, to: to.name, before, after: await digestsOf(await reopen(to)) }
  } catch (error) {
    await reopen(from)
    throw error
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const stop = new AbortController()
  const late = setTimeout(ms, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`not everybody heard it within ${ms / 1_000} s`)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    late.catch(() => undefined)
    stop.abort()
  }
}
