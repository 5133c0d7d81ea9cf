import type { Change, Collection } from '@sync/core'
import type { Document } from 'feed'
import { Board } from './board.ts'
import { contentOf, digestOf } from './contents.ts'
import { type Instance, openInstance } from './instance.ts'
import { Journal } from './journal.ts'
import type { Copies, Digest } from './orders.ts'
import type { OpenService, Report } from './service.ts'

type Tell = (report: Report) => void

const ROWS_MS = 250

/** A replica: it holds the outages, and can be asked what it holds. */
export const openReplica: OpenService = async (spec, tell, signal) => {
  const instance = await openInstance(spec, tell, { signal })
  const stop = new AbortController()
  const journal = new Journal()
  const telling = Promise.all(spec.tellsRows ? tellChanges(instance, { journal, tell, signal: stop.signal }) : [])
  return {
    handlers: {
      ...instance.handlers,
      copies: ({ keys }) => copiesOf(instance.outages, keys),
      ...(spec.tellsRows && { journal: (query) => ({ lines: journal.read(query) }) }),
      digest: () => heldDigest(instance.outages),
    },
    async close() {
      stop.abort()
      await telling
      await instance.close()
    },
  }
}

async function copiesOf(outages: Collection<Document>, keys: readonly string[]): Promise<Copies> {
  const copies: Record<string, Copies[string]> = {}
  for (const key of keys) {
    const entry = await outages.entry(key)
    if (entry === undefined) continue
    copies[key] = { version: entry.version, changedAt: entry.changedAt, content: contentOf(entry.value) }
  }
  return copies
}

async function heldDigest(outages: Collection<Document>): Promise<Digest> {
  const contents = new Map<string, string>()
  for await (const batch of outages.changes({ from: 'snapshot', until: 'now' })) {
    for (const change of batch) {
      if ('value' in change) contents.set(change.key, contentOf(change.value))
      else contents.delete(change.key)
    }
  }
  return digestOf(contents)
}

/** Tells the outages that changed last, and keeps the journal, as the streams of changes bring them. */
function tellChanges(
  { outages, units }: Pick<Instance, 'outages' | 'units'>,
  { journal, tell, signal }: { readonly journal: Journal; readonly tell: Tell; readonly signal: AbortSignal },
): Promise<void>[] {
  const board = new Board()
  let told = true
  const timer = setInterval(() => {
    if (!told) tell({ rows: board.rows })
    told = true
  }, ROWS_MS)
  signal.addEventListener('abort', () => clearInterval(timer))
  const outagesTold = follow(outages, { tell, signal }, (batch) => {
    journal.take('outages', batch)
    board.take(batch)
    told = false
  })
  return [outagesTold, follow(units, { tell, signal }, (batch) => journal.take('units', batch))]
}

async function follow<T>(
  collection: Collection<T>,
  { tell, signal }: { readonly tell: Tell; readonly signal: AbortSignal },
  take: (batch: readonly Change<T>[]) => void,
): Promise<void> {
  try {
    for await (const batch of collection.changes({ from: 'snapshot', signal })) take(batch)
  } catch (error) {
    if (!signal.aborted) tell({ happened: `its stream of changes ended: ${(error as Error).message}`, at: Date.now() })
  }
}
