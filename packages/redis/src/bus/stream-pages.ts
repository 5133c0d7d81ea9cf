import type { Connection } from '../connection/connection.ts'
import { compareEntryIds, retainsAllAfter, STREAM_START, type StreamRange } from './entry-id.ts'
import { infoField, parseEntries, type StreamEntry } from './stream-replies.ts'

/** Maximum number of entries per read. */
export const PAGE_SIZE = 500

/** The entries after a position. */
export interface StreamPage {
  readonly entries: readonly StreamEntry[]
  /** True if more entries may follow. */
  readonly full: boolean
  /** Present if entries after the position may have been removed. `last` is the id of the stream's last entry. */
  readonly gap?: { readonly last: string }
}

/**
 * Reads the entries after a position, and the entry at the position itself. A stream loses its oldest entries first, so if that
 * entry still exists, the entries after it are complete.
 */
export async function readPageAfter(commands: Connection, stream: string, position: string): Promise<StreamPage> {
  const reply = await commands.send(['XRANGE', stream, position, '+', 'COUNT', `${PAGE_SIZE + 1}`], stream)
  const found = parseEntries(reply)
  const positionFound = found[0]?.id === position
  const entries = positionFound ? found.slice(1) : found.slice(0, PAGE_SIZE)
  const full = entries.length === PAGE_SIZE
  if (positionFound) return { entries, full }
  const range = await readStreamRange(commands, stream)
  return { entries, full, ...(!retainsAllAfter(position, range) && { gap: range }) }
}

/** Reads the ends of a stream. A stream that does not exist is empty. */
export async function readStreamRange(commands: Connection, stream: string): Promise<StreamRange> {
  try {
    const info = await commands.send(['XINFO', 'STREAM', stream], stream)
    const first = infoField(info, 'first-entry') as readonly [string] | null
    const untrimmed = infoField(info, 'entries-added') === infoField(info, 'length')
    return { first: first?.[0], last: String(infoField(info, 'last-generated-id')), untrimmed }
  } catch (error) {
    if (error instanceof Error && error.message.includes('no such key'))
      return { first: undefined, last: STREAM_START, untrimmed: true }
    throw error
  }
}

/** True if the stream ends before the position. The position then comes from another stream. */
export const endsBefore = (position: string, { last }: { readonly last: string }): boolean =>
  compareEntryIds(last, position) < 0
