import { FeedError } from './feed-error.ts'
import { openText, toFeedError } from './open-text.ts'

/** One line of a file, without its line terminator. */
export interface Line {
  readonly number: number
  readonly text: string
}

const MAX_LINE_BYTES = 16 * 1024 * 1024
const LINE_FEED = 10

/**
 * Yields the lines of a text file lazily, decompressing it if necessary.
 * @throws FeedError with the last line that was read if the rest cannot be read
 */
export async function* readLines(file: string): AsyncGenerator<Line> {
  let last = 0
  try {
    for await (const line of split(file, (await openText(file, 'complete')) as AsyncIterable<Buffer>)) {
      last = line.number
      yield line
    }
  } catch (error) {
    throw error instanceof FeedError ? error : await toFeedError(file, last, error as NodeJS.ErrnoException)
  }
}

/** Splits the bytes before decoding them, so that invalid UTF-8 is attributed to its line. */
async function* split(file: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let number = 1
  let pieces: Buffer[] = []
  let size = 0
  const add = (piece: Buffer): void => {
    pieces.push(piece)
    size += piece.length
    if (size > MAX_LINE_BYTES) throw new FeedError(file, number, 'expected a line of at most 16 MiB')
  }
  const takeLine = (): Line => {
    const bytes = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces)
    pieces = []
    size = 0
    try {
      return { number: number++, text: decoder.decode(bytes) }
    } catch (cause) {
      throw new FeedError(file, number - 1, 'expected UTF-8 text', { cause })
    }
  }
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      add(chunk.subarray(start, end))
      yield takeLine()
      start = end + 1
    }
    if (start < chunk.length) add(chunk.subarray(start))
  }
  if (size > 0) yield takeLine()
}
