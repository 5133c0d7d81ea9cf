import { AbortedError, ArgumentError, RefusedError, SyncError } from '../model/errors.ts'
import type { ImportedRow } from './api.ts'

/** Rows under way at once. */
const WINDOW = 1_000

/** Rows to be written: a key and what is written to it. */
export type Rows = Iterable<readonly [string, unknown]> | AsyncIterable<readonly [string, unknown]>

/**
 * Writes rows, so many at a time, and tells of each what became of it as soon as it is known. Reads no further ahead than
 * its answers are taken.
 * @throws AbortedError; ArgumentError for what is no row; and whatever reading the rows throws
 */
export async function* importRows(
  rows: Rows,
  write: (key: string, row: unknown) => Promise<unknown>,
  signal: AbortSignal | undefined,
): AsyncGenerator<ImportedRow, void, void> {
  let running = 0
  let done: ImportedRow[] = []
  let wake = (): void => {}
  const finish = (answer: ImportedRow): void => {
    running--
    done.push(answer)
    wake()
  }
  for await (const row of rows) {
    if (signal?.aborted) throw new AbortedError('the import was aborted', { cause: signal.reason })
    if (!Array.isArray(row) || row.length !== 2) throw new ArgumentError('rows: pairs of key and document are needed')
    const [key, document] = row
    running++
    void outcome(key, write(key, document)).then(finish)
    if (done.length > 0 || running >= WINDOW) yield* await some()
  }
  while (running > 0 || done.length > 0) yield* await some()

  async function some(): Promise<ImportedRow[]> {
    if (done.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    const answers = done
    done = []
    return answers
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
