import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Readable, Transform } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip } from 'node:zlib'
import { FeedError } from './feed-error.ts'

/** Whether compressed data must be whole, or is read as far as it goes. */
type Completeness = 'whole' | 'anywhere'

/** Opens a text file for reading, decompressed by its name (`.gz`, `.br`). */
export async function openText(file: string, completeness: Completeness): Promise<Readable> {
  if (!(await stat(file)).isFile()) throw new FeedError(file, undefined, 'not a file')
  const source = createReadStream(file)
  const text = decompressor(file, completeness)
  if (text === undefined) return source
  source.on('error', (error) => text.destroy(error))
  text.on('close', () => source.destroy())
  return source.pipe(text)
}

function decompressor(file: string, completeness: Completeness): Transform | undefined {
  if (file.endsWith('.gz')) {
    return createGunzip(completeness === 'anywhere' ? { finishFlush: constants.Z_SYNC_FLUSH } : {})
  }
  if (file.endsWith('.br')) {
    return createBrotliDecompress(completeness === 'anywhere' ? { finishFlush: constants.BROTLI_OPERATION_FLUSH } : {})
  }
  return undefined
}

/** Why a file could not be read on after its line `last`. */
export async function toFeedError(file: string, last: number, error: NodeJS.ErrnoException): Promise<FeedError> {
  const { code = '', message } = error
  if (code === 'ENOENT') return new FeedError(file, undefined, 'there is no such file', { cause: error })
  if (code === 'Z_BUF_ERROR') {
    const line = await lastWholeLine(file)
    return new FeedError(file, line, 'the compressed data ends early; this is the last whole line', { cause: error })
  }
  if (/^(ERR_|Z_|BROTLI)/.test(code)) {
    if (last === 0)
      return new FeedError(file, undefined, `not compressed as its name says (${message})`, { cause: error })
    return new FeedError(file, last, `the compressed data is damaged after this line (${message})`, { cause: error })
  }
  return new FeedError(file, undefined, message, { cause: error })
}

/** A decompressor that waits for a proper end keeps the last piece to itself: this reads all there is. */
async function lastWholeLine(file: string): Promise<number> {
  let lines = 0
  for await (const chunk of (await openText(file, 'anywhere')) as AsyncIterable<Buffer>) {
    for (const byte of chunk) if (byte === 10) lines++
  }
  return lines
}
