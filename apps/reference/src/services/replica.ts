import { readDocument } from '@sync/admin/parts'
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

/** Opens a replica service, which caches the outages and answers questions about its cache. */
export const openReplica: OpenService = async (spec, report, signal) => {
  const instance = await openInstance(spec, report, { signal })
  const stop = new AbortController()
  const journal = new Journal()
  const reporting = Promise.all(
    spec.reportsRows ? reportChanges(instance, { journal, report, signal: stop.signal }) : [],
  )
  return {
    handlers: {
      ...instance.handlers,
      copies: ({ keys }) => readCopies(instance.outages, keys),
      ...(spec.reportsRows && { journal: (query) => ({ lines: journal.read(query) }) }),
      inspect: ({ section, key }) => readDocument(instance[section], key, true),
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

/** Follows the change streams: reports the outages that changed most recently, and records the journal. */
function reportChanges(
  { outages, units }: Pick<Instance, 'outages' | 'units'>,
  { journal, report, signal }: { readonly journal: Journal; readonly report: ReportFn; readonly signal: AbortSignal },
): Promise<void>[] {
  const recentOutages = new RecentOutages()
  let upToDate = true
  const timer = setInterval(() => {
    if (!upToDate) report({ rows: recentOutages.rows })
    upToDate = true
  }, ROWS_INTERVAL_MS)
  signal.addEventListener('abort', () => clearInterval(timer))
  const followingOutages = follow(outages, { report, signal }, (batch) => {
    journal.record('outages', batch)
    recentOutages.apply(batch)
    upToDate = false
  })
  return [followingOutages, follow(units, { report, signal }, (batch) => journal.record('units', batch))]
}

async function follow<T>(
  collection: Collection<T>,
  { report, signal }: { readonly report: ReportFn; readonly signal: AbortSignal },
  onBatch: (batch: readonly Change<T>[]) => void,
): Promise<void> {
  try {
    for await (const batch of collection.changes({ from: 'snapshot', signal })) onBatch(batch)
  } catch (error) {
    if (!signal.aborted) report({ event: `the change stream ended: ${(error as Error).message}`, at: Date.now() })
  }
}
