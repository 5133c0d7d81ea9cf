import type { Collection } from '@sync/core'
import type { Document } from 'feed'
import { Board } from './board.ts'
import { contentOf, digestOf } from './contents.ts'
import { openInstance } from './instance.ts'
import type { Copies, Digest } from './orders.ts'
import type { OpenService, Report } from './service.ts'

const ROWS_MS = 250

/** A replica: it holds the outages, and can be asked what it holds. */
export const openReplica: OpenService = async (spec, tell, signal) => {
  const instance = await openInstance(spec, tell, { signal })
  const stop = new AbortController()
  const telling = spec.tellsRows ? tellRows(instance.outages, tell, stop.signal) : undefined
  return {
    handlers: {
      ...instance.handlers,
      copies: ({ keys }) => copiesOf(instance.outages, keys),
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

/** Tells the outages that changed last, as the stream of changes brings them. */
async function tellRows(
  outages: Collection<Document>,
  tell: (report: Report) => void,
  signal: AbortSignal,
): Promise<void> {
  const board = new Board()
  let told = true
  const timer = setInterval(() => {
    if (!told) tell({ rows: board.rows })
    told = true
  }, ROWS_MS)
  try {
    for await (const batch of outages.changes({ from: 'snapshot', signal })) {
      board.take(batch)
      told = false
    }
  } catch (error) {
    if (!signal.aborted) tell({ happened: `its stream of changes ended: ${(error as Error).message}`, at: Date.now() })
  } finally {
    clearInterval(timer)
  }
}
