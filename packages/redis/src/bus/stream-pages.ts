import type { Connection } from '../connection/connection.ts'
import { compareIds, type Extent, reachesBackTo, START } from './entry-id.ts'
import { entriesOf, infoOf, type StreamEntry } from './stream-replies.ts'

/** The most entries that are read at a time. */
export const PAGE = 500

/** What comes after a position. */
export interface Page {
  readonly entries: readonly StreamEntry[]
  /** There may be more. */
  readonly full: boolean
  /** Something between the position and these entries may be gone. `last`: where the stream ends. */
  readonly hole?: { readonly last: string }
}

/**
 * The entries after a position. That of the position is read too: a stream loses its oldest entries first, so that what follows
 * one that is there is complete.
 */
export async function pageAfter(commands: Connection, stream: string, position: string): Promise<Page> {
  const reply = await commands.send(['XRANGE', stream, position, '+', 'COUNT', `${PAGE + 1}`], stream)
  const read = entriesOf(reply)
  const there = read[0]?.id === position
  const entries = there ? read.slice(1) : read.slice(0, PAGE)
  const full = entries.length === PAGE
  if (there) return { entries, full }
  const extent = await extentOf(commands, stream)
  return { entries, full, ...(!reachesBackTo(position, extent) && { hole: extent }) }
}

/** Where a stream begins and ends. One that does not exist is empty. */
export async function extentOf(commands: Connection, stream: string): Promise<Extent> {
  try {
    const info = await commands.send(['XINFO', 'STREAM', stream], stream)
    const first = infoOf(info, 'first-entry') as readonly [string] | null
    const whole = infoOf(info, 'entries-added') === infoOf(info, 'length')
    return { first: first?.[0], last: String(infoOf(info, 'last-generated-id')), whole }
  } catch (error) {
    if (error instanceof Error && error.message.includes('no such key'))
      return { first: undefined, last: START, whole: true }
    throw error
  }
}

/** Does the stream end before the position, which then is of another history? */
export const endsBefore = (position: string, { last }: { readonly last: string }): boolean =>
  compareIds(last, position) < 0
