import type { Connection } from '../connection/connection.ts'
import { compareEntryIds, retainsAllAfter, STREAM_START, type StreamRange } from './entry-id.ts'
import { infoField, parseEntries, type StreamEntry } from './stream-replies.ts'

/** The most entries that are read at a time. */
export const PAGE_SIZE = 500

/** What comes after a position. */
export interface StreamPage {
  readonly entries: readonly StreamEntry[]
  /** There may be more. */
  readonly full: boolean
  /** Something between the position and these entries may be gone. `last`: where the stream ends. */
  readonly gap?: { readonly last: string }
}

/**
 * The entries after a position. That of the position is read too: a stream loses its oldest entries first, so that what follows
 * one that is there is complete.
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

/** Where a stream begins and ends. One that does not exist is empty. */
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

/** Does the stream end before the position, which then is of another history? */
export const endsBefore = (position: string, { last }: { readonly last: string }): boolean =>
  compareEntryIds(last, position) < 0
