import { AbortedError, ArgumentError, RefusedError, SyncError } from '../model/errors.ts'
import type { ImportedRow } from './api.ts'

/** The most rows under way at once. */
const MOST_UNDER_WAY = 1_000

/** Rows to be written: a key and what is written to it. */
export type Rows = Iterable<readonly [string, unknown]> | AsyncIterable<readonly [string, unknown]>

/**
 * Writes rows, at most `maxWrites` at a time, and tells of each what became of it as soon as it is known, also while the next row is
 * waited for. Writes no further ahead than its answers are taken.
 * @throws AbortedError; ArgumentError for what is no row; and whatever reading the rows throws
 */
export async function* importRows(
  rows: Rows,
  write: (key: string, row: unknown) => Promise<unknown>,
  { maxWrites, signal }: { readonly maxWrites: number; readonly signal: AbortSignal | undefined },
): AsyncGenerator<ImportedRow, void, void> {
  const iterator = Symbol.asyncIterator in rows ? rows[Symbol.asyncIterator]() : rows[Symbol.iterator]()
  const most = Math.min(maxWrites, MOST_UNDER_WAY)
  let running = 0
  let done: ImportedRow[] = []
  let reading = false
  let next: { readonly row: unknown } | undefined
  let end: { readonly cause?: unknown } | undefined
  let wake = (): void => {}
  const finish = (answer: ImportedRow): void => {
    running--
    done.push(answer)
    wake()
  }
  const readNext = async (): Promise<void> => {
    reading = true
    try {
      await undefined
      const { done: over, value } = await iterator.next()
      if (over) end = {}
      else next = { row: value }
    } catch (cause) {
      end = { cause }
    }
    reading = false
    wake()
  }
  const abort = (): void => wake()
  signal?.addEventListener('abort', abort)
  try {
    for (;;) {
      if (done.length > 0) {
        const answers = done
        done = []
        yield* answers
      } else if (end && ('cause' in end || running === 0)) {
        if ('cause' in end) throw end.cause
        return
      } else if (!end && signal?.aborted) {
        throw new AbortedError('the import was aborted', { cause: signal.reason })
      } else if (next) {
        const { row } = next
        next = undefined
        if (!Array.isArray(row) || row.length !== 2)
          throw new ArgumentError('rows: pairs of key and document are needed')
        const [key, document] = row
        running++
        void outcome(key, write(key, document)).then(finish)
      } else {
        if (!end && !reading && running < most) void readNext()
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  } finally {
    signal?.removeEventListener('abort', abort)
    // what is read at this moment may never come
    if (!end) void Promise.resolve(iterator.return?.()).catch(() => {})
  }
}

async function outcome(key: string, written: Promise<unknown>): Promise<ImportedRow> {
  try {
    await written
    return { key }
  } catch (cause) {
    return { key, error: cause instanceof SyncError ? cause : new RefusedError(String(cause), [], { cause }) }
  }
}
