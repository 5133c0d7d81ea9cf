import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Readable, Transform } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip } from 'node:zlib'
import { FeedError } from './feed-error.ts'

/** `complete`: truncated compressed data is an error. `partial`: it is read as far as possible. */
type Completeness = 'complete' | 'partial'

/** Opens a text file. Its extension (`.gz`, `.br`) determines the decompression. */
export async function openText(file: string, completeness: Completeness): Promise<Readable> {
  if (!(await stat(file)).isFile()) throw new FeedError(file, undefined, 'expected a regular file')
  const source = createReadStream(file)
  const text = decompressor(file, completeness)
  if (text === undefined) return source
  source.on('error', (error) => text.destroy(error))
  text.on('close', () => source.destroy())
  return source.pipe(text)
}

function decompressor(file: string, completeness: Completeness): Transform | undefined {
  if (file.endsWith('.gz')) {
    return createGunzip(completeness === 'partial' ? { finishFlush: constants.Z_SYNC_FLUSH } : {})
  }
  if (file.endsWith('.br')) {
    return createBrotliDecompress(completeness === 'partial' ? { finishFlush: constants.BROTLI_OPERATION_FLUSH } : {})
  }
  return undefined
}

/** Returns the error for a file that could not be read beyond line `last`. */
export async function toFeedError(file: string, last: number, error: NodeJS.ErrnoException): Promise<FeedError> {
  const { code = '', message } = error
  if (code === 'ENOENT') return new FeedError(file, undefined, 'file not found', { cause: error })
  if (code === 'Z_BUF_ERROR') {
    const line = await lastCompleteLine(file)
    return new FeedError(file, line, 'the compressed data is truncated after this line', { cause: error })
  }
  if (/^(ERR_|Z_|BROTLI)/.test(code)) {
    if (last === 0)
      return new FeedError(file, undefined, `expected compressed data, as the file name says (${message})`, {
        cause: error,
      })
    return new FeedError(file, last, `the compressed data is damaged after this line (${message})`, { cause: error })
  }
  return new FeedError(file, undefined, message, { cause: error })
}

/** Counts the complete lines of a truncated file. A decompressor that requires complete data would hold back the last piece. */
async function lastCompleteLine(file: string): Promise<number> {
  let lines = 0
  for await (const chunk of (await openText(file, 'partial')) as AsyncIterable<Buffer>) {
    for (const byte of chunk) if (byte === 10) lines++
  }
  return lines
}
