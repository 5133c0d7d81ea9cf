import { typeName } from '../model/assert.ts'
import { AbortedError, ArgumentError, ClosedError, isSyncError, RejectedError } from '../model/errors.ts'
import type { ImportedRow, ImportOptions, ImportResult } from './api.ts'

/** Maximum number of rows in flight. */
const MAX_IN_FLIGHT = 1_000

/** Rows to write: pairs of a key and a document. */
export type Rows = Iterable<readonly [string, unknown]> | AsyncIterable<readonly [string, unknown]>

/** Settings of {@link importRows}. */
export interface ImportSettings {
  /** Maximum number of writes in flight, if lower than the import's own. */
  readonly maxPendingWrites: number
  readonly signal: AbortSignal | undefined
  readonly onRow: ImportOptions['onRow']
}

/** Writes rows, a bounded number at a time. A slow `onRow` slows down the reading of rows. */
export async function importRows(
  rows: Rows,
  write: (key: string, row: unknown) => Promise<unknown>,
  { maxPendingWrites, signal, onRow }: ImportSettings,
): Promise<ImportResult> {
  const iterator = iteratorOf(rows)
  const maxInFlight = Math.min(maxPendingWrites, MAX_IN_FLIGHT)
  const result = { imported: 0, failed: 0 }
  let inFlight = 0
  let stopped: { readonly cause: unknown } | undefined
  /** True once the iterator has ended or thrown. */
  let exhausted = false
  let wake = (): void => {}
  // one waiter and a flag: racing each row against a promise for the abort would leak a reaction per row
  const untilWoken = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve
    })
  const stop = (cause: unknown): void => {
    stopped ??= { cause }
    wake()
  }
  const onAbort = (): void => stop(new AbortedError('the import was aborted', { cause: signal?.reason }))

  const readRow = async (): Promise<IteratorResult<unknown> | undefined> => {
    let read: IteratorResult<unknown> | undefined
    const reading = async (): Promise<void> => {
      read = await iterator.next()
      wake()
    }
    reading().catch((cause) => {
      exhausted = true
      stop(cause)
    })
    while (!read && !stopped) await untilWoken()
    return read
  }

  const complete = async (key: string, written: Promise<unknown>): Promise<void> => {
    const row = await outcomeOf(key, written)
    if (row.error) result.failed++
    else result.imported++
    // every further row would fail alike
    if (row.error instanceof ClosedError) stop(row.error)
    try {
      await onRow?.(row)
    } catch (cause) {
      stop(cause)
    }
    inFlight--
    wake()
  }

  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted) onAbort()
  try {
    for (;;) {
      while (inFlight >= maxInFlight && !stopped) await untilWoken()
      const next = stopped ? undefined : await readRow()
      if (stopped || !next) break
      if (next.done) {
        exhausted = true
        break
      }
      const row: unknown = next.value
      if (!Array.isArray(row) || row.length !== 2)
        throw new ArgumentError(
          `rows: expected pairs of a key and a document, got ${Array.isArray(row) ? `an array of ${row.length}` : typeName(row)}`,
        )
      inFlight++
      void complete(row[0], write(row[0], row[1]))
    }
    while (inFlight > 0 && !stopped) await untilWoken()
    if (stopped) throw stopped.cause
    return result
  } finally {
    signal?.removeEventListener('abort', onAbort)
    // the row being read may never arrive, so nothing waits for the iterator's end
    if (!exhausted) void endIterator(iterator)
  }
}

function iteratorOf(rows: Rows): Iterator<unknown> | AsyncIterator<unknown> {
  if (typeof rows === 'object' && rows !== null) {
    if (Symbol.asyncIterator in rows) return rows[Symbol.asyncIterator]()
    if (Symbol.iterator in rows) return rows[Symbol.iterator]()
  }
  throw new ArgumentError(`rows: expected an iterable of pairs, got ${typeName(rows)}`)
}

async function endIterator(iterator: Iterator<unknown> | AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.()
  } catch {
    // the import has its outcome already
  }
}

async function outcomeOf(key: string, written: Promise<unknown>): Promise<ImportedRow> {
  try {
    await written
    return { key }
  } catch (cause) {
    return { key, error: isSyncError(cause) ? cause : new RejectedError(String(cause), [], { cause }) }
  }
}
