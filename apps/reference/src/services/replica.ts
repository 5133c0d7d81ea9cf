import type { Change, Collection } from '@sync/core'
import type { Document } from 'feed'
import type { Copies, Digest } from './commands.ts'
import { combinedDigest, contentHash } from './content-hash.ts'
import { type Instance, openInstance } from './instance.ts'
import { Journal } from './journal.ts'
import { RecentOutages } from './recent-outages.ts'
import type { OpenService, Report } from './service.ts'

type ReportFn = (report: Report) => void

const ROWS_INTERVAL_MS = 250

/** A replica: it holds the outages, and can be asked what it holds. */
export const openReplica: OpenService = async (spec, tell, signal) => {
  const instance = await openInstance(spec, tell, { signal })
  const stop = new AbortController()
  const journal = new Journal()
  const reporting = Promise.all(spec.reportsRows ? reportChanges(instance, { journal, tell, signal: stop.signal }) : [])
  return {
    handlers: {
      ...instance.handlers,
      copies: ({ keys }) => readCopies(instance.outages, keys),
      ...(spec.reportsRows && { journal: (query) => ({ lines: journal.read(query) }) }),
      digest: () => digestOfReplica(instance.outages),
    },
    async close() {
      stop.abort()
      await reporting
      await instance.close()
    },
  }
}

async function readCopies(outages: Collection<Document>, keys: readonly string[]): Promise<Copies> {
  const copies: Record<string, Copies[string]> = {}
  for (const key of keys) {
    const entry = await outages.getEntry(key)
    if (entry === undefined) continue
    copies[key] = { version: entry.version, changedAt: entry.changedAt, content: contentHash(entry.value) }
  }
  return copies
}

async function digestOfReplica(outages: Collection<Document>): Promise<Digest> {
  const contents = new Map<string, string>()
  for await (const batch of outages.changes({ from: 'snapshot', until: 'now' })) {
    for (const change of batch) {
      if ('value' in change) contents.set(change.key, contentHash(change.value))
      else contents.delete(change.key)
    }
  }
  return combinedDigest(contents)
}

/** Tells the outages that changed last, and keeps the journal, as the streams of changes bring them. */
function reportChanges(
  { outages, units }: Pick<Instance, 'outages' | 'units'>,
  { journal, tell, signal }: { readonly journal: Journal; readonly tell: ReportFn; readonly signal: AbortSignal },
): Promise<void>[] {
  const recentOutages = new RecentOutages()
  let upToDate = true
  const timer = setInterval(() => {
    if (!upToDate) tell({ rows: recentOutages.rows })
    upToDate = true
  }, ROWS_INTERVAL_MS)
  signal.addEventListener('abort', () => clearInterval(timer))
  const followingOutages = follow(outages, { tell, signal }, (batch) => {
    journal.record('outages', batch)
    recentOutages.apply(batch)
    upToDate = false
  })
  return [followingOutages, follow(units, { tell, signal }, (batch) => journal.record('units', batch))]
}

async function follow<T>(
  collection: Collection<T>,
  { tell, signal }: { readonly tell: ReportFn; readonly signal: AbortSignal },
  take: (batch: readonly Change<T>[]) => void,
): Promise<void> {
  try {
    for await (const batch of collection.changes({ from: 'snapshot', signal })) take(batch)
  } catch (error) {
    if (!signal.aborted) tell({ happened: `its stream of changes ended: ${(error as Error).message}`, at: Date.now() })
  }
}
