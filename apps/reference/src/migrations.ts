import { setTimeout } from 'node:timers/promises'
import { copyDocuments } from './copy-documents.ts'
import { collectDigests, type Digests, withWritesHeld } from './digests.ts'
import type { EventLog } from './event-log.ts'
import type { Fleet } from './fleet.ts'
import type { Backend } from './servers/server.ts'

/** What a move came to. */
export interface MigrationResult {
  readonly what: 'bus' | 'store'
  readonly from: string
  readonly to: string
  /** All documents before the old place was left, and after. */
  readonly before: Digests
  readonly after: Digests
}

/** How long a bus may take to be heard by everybody. */
const JOIN_TIMEOUT_MS = 20_000

/**
 * Moves a running system to another bus: every instance joins the new one while writes go on; then all leave the old one, with
 * writes held for that moment, so that the documents of before and after can be compared. Should not everybody join, nobody has.
 */
export async function moveBus(fleet: Fleet, from: Backend, to: Backend, log: EventLog): Promise<MigrationResult> {
  const instances = [fleet.ingest, ...fleet.replicas]
  const leave = (url: string): Promise<unknown> =>
    Promise.all(instances.map(({ execute }) => execute('removeBus', { url })))
  try {
    await withTimeout(JOIN_TIMEOUT_MS, Promise.all(instances.map(({ execute }) => execute('addBus', { url: to.url }))))
  } catch (error) {
    await leave(to.url).catch(() => undefined)
    throw error
  }
  log.add('all', `on two buses: ${from.name} and ${to.name}`, Date.now())
  return withWritesHeld(fleet, async () => {
    const before = await collectDigests(fleet)
    await leave(from.url)
    await Promise.all(fleet.replicas.map(({ execute }) => execute('check')))
    const after = await collectDigests(fleet)
    return { what: 'bus', from: from.name, to: to.name, before, after }
  })
}

/**
 * Restarts a system on another store, to which its documents are copied: their contents, not their versions, which begin anew.
 * `reopen` opens the system on a store, its writer standing still. Should the other one not serve, it goes on with the old one.
 */
export async function moveStore(
  { from, to, log }: { readonly from: Backend; readonly to: Backend; readonly log: EventLog },
  old: Fleet,
  reopen: (store: Backend) => Promise<Fleet>,
): Promise<MigrationResult> {
  const before = await withWritesHeld(old, async () => {
    const digests = await collectDigests(old)
    await old.close()
    return digests
  })
  try {
    await copyDocuments(from.url, to.url)
    log.add('all', `${before.documents} documents copied to ${to.name}`, Date.now())
    return { what: 'store', from: from.name, to: to.name, before, after: await collectDigests(await reopen(to)) }
  } catch (error) {
    await reopen(from)
    throw error
  }
}

async function withTimeout<T>(ms: number, work: Promise<T>): Promise<T> {
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
