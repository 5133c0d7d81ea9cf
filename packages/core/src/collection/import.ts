import { AbortedError, ArgumentError, RejectedError, SyncError } from '../model/errors.ts'
import type { ImportedRow } from './api.ts'

/** The most rows under way at once. */
const MAX_IN_FLIGHT = 1_000

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
  { maxPendingWrites, signal }: { readonly maxPendingWrites: number; readonly signal: AbortSignal | undefined },
): AsyncGenerator<ImportedRow, void, void> {
  const iterator = Symbol.asyncIterator in rows ? rows[Symbol.asyncIterator]() : rows[Symbol.iterator]()
  const maxRunning = Math.min(maxPendingWrites, MAX_IN_FLIGHT)
  let running = 0
  let finished: ImportedRow[] = []
  let reading = false
  let next: { readonly row: unknown } | undefined
  let ended: { readonly cause?: unknown } | undefined
  let wake = (): void => {}
  const onFinished = (answer: ImportedRow): void => {
    running--
    finished.push(answer)
    wake()
  }
  const readNext = async (): Promise<void> => {
    reading = true
    try {
      await undefined
      const { done: isDone, value } = await iterator.next()
      if (isDone) ended = {}
      else next = { row: value }
    } catch (cause) {
      ended = { cause }
    }
    reading = false
    wake()
  }
  const abort = (): void => wake()
  signal?.addEventListener('abort', abort)
  try {
    for (;;) {
      if (finished.length > 0) {
        const answers = finished
        finished = []
        yield* answers
      } else if (ended && ('cause' in ended || running === 0)) {
        if ('cause' in ended) throw ended.cause
        return
      } else if (!ended && signal?.aborted) {
        throw new AbortedError('the import was aborted', { cause: signal.reason })
      } else if (next) {
        const { row } = next
        next = undefined
        if (!Array.isArray(row) || row.length !== 2)
          throw new ArgumentError('rows: pairs of key and document are needed')
        const [key, document] = row
        running++
        void toImportedRow(key, write(key, document)).then(onFinished)
      } else {
        if (!ended && !reading && running < maxRunning) void readNext()
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  } finally {
    signal?.removeEventListener('abort', abort)
    // what is read at this moment may never come
    if (!ended) void Promise.resolve(iterator.return?.()).catch(() => {})
  }
}

async function toImportedRow(key: string, pendingResult: Promise<unknown>): Promise<ImportedRow> {
  try {
    await pendingResult
    return { key }
  } catch (cause) {
    return { key, error: cause instanceof SyncError ? cause : new RejectedError(String(cause), [], { cause }) }
  }
}
