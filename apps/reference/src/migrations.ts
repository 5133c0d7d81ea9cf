import { setTimeout } from 'node:timers/promises'
import type { EventLog } from '@sync/admin/parts'
import { copyDocuments } from './copy-documents.ts'
import { collectDigests, type Digests, withWritesPaused } from './digests.ts'
import type { Fleet } from './fleet.ts'
import type { Backend } from './servers/server.ts'

/** Result of a move. */
export interface MigrationResult {
  readonly kind: 'bus' | 'store'
  readonly from: string
  readonly to: string
  /** Digests before the old bus or store is left, and after the move. */
  readonly before: Digests
  readonly after: Digests
}

/** Time limit for all instances to join a bus. */
const JOIN_TIMEOUT_MS = 20_000

/**
 * Moves a running system to another bus. Every instance joins the new bus while writes continue; then all leave the old one. Writes
 * are paused while the instances leave, so that the documents before and after can be compared. If an instance fails to join, all
 * leave the new bus.
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
  log.add('all', `using both buses: ${from.name} and ${to.name}`, Date.now())
  return withWritesPaused(fleet, async () => {
    const before = await collectDigests(fleet)
    await leave(from.url)
    await Promise.all(fleet.replicas.map(({ execute }) => execute('catchUp')))
    const after = await collectDigests(fleet)
    return { kind: 'bus', from: from.name, to: to.name, before, after }
  })
}

/**
 * Restarts a system on another store, with a copy of its documents. Values are copied; versions start again. `reopen` opens the
 * system on a store with its writer paused. If the other store fails, the system reopens on the old one.
 */
export async function moveStore(
  { from, to, log }: { readonly from: Backend; readonly to: Backend; readonly log: EventLog },
  old: Fleet,
  reopen: (store: Backend) => Promise<Fleet>,
): Promise<MigrationResult> {
  const before = await withWritesPaused(old, async () => {
    const digests = await collectDigests(old)
    await old.close()
    return digests
  })
  try {
    await copyDocuments(from.url, to.url)
    log.add('all', `${before.documents} documents copied to ${to.name}`, Date.now())
    return { kind: 'store', from: from.name, to: to.name, before, after: await collectDigests(await reopen(to)) }
  } catch (error) {
    await reopen(from)
    throw error
  }
}

async function withTimeout<T>(ms: number, work: Promise<T>): Promise<T> {
  const stop = new AbortController()
  const timeout = setTimeout(ms, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`expected all instances to join the bus within ${ms / 1_000} s`)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    timeout.catch(() => undefined)
    stop.abort()
  }
}
