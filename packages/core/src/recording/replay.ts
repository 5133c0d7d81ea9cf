import type { Collection, WriteOptions } from '../collection/api.ts'
import { AbortedError, ArgumentError } from '../model/errors.ts'
import { type Runtime, systemRuntime } from '../model/runtime.ts'
import { abortableIterator } from './abortable.ts'
import type { RecordedChange } from './format.ts'
import type { TextChunks } from './jsonl.ts'
import { Pacer } from './pacer.ts'
import type { ReplayProgress } from './progress.ts'
import { readRecording } from './read.ts'
import { ReplayWindow } from './replay-window.ts'

/** Options of {@link replay}. */
export interface ReplayOptions {
  /**
   * Speed factor relative to the recording. `max` (default): as fast as the store accepts writes. Snapshots are never
   * paced.
   */
  readonly speed?: number | 'max'
  /** Skips the lines up to and including this one, from an earlier replay. Default 0. */
  readonly after?: number
  /**
   * Id of this replay. Each change is written under an idempotency key derived from the id and its line number. A
   * replay that is restarted under the same id, a little too early in the file, writes nothing twice while the store
   * remembers the keys.
   */
  readonly id?: string
  /** Called as lines complete. */
  readonly onProgress?: (progress: ReplayProgress) => void
  /** Aborts the replay. It waits for writes in progress, then rejects with `SYNC_ABORTED`. */
  readonly signal?: AbortSignal
  /** Clock for `speed`. Default: the system clock. */
  readonly runtime?: Runtime
}

/**
 * Replays a recording into a collection of another store or partition. Creations and resets replace the document,
 * changes are applied as patches, removals delete. Each line is one write with its recorded `meta`. The writes of one
 * key are sequential; keys run in parallel. Memory is bounded for any length, because the recording is read only as
 * fast as it is written.
 *
 * Documents that the recording does not contain stay unchanged. Nothing else should write those that it contains.
 *
 * @throws RecordingError (`SYNC_RECORDING`) with the number of the line that is damaged, missing, of a newer format, or
 * rejected (the `cause` is the rejection). All lines before it are complete. After a rejection, later changes of other
 * keys may be complete too; resume under an `id` so that they are not written twice.
 * @throws AbortedError (`SYNC_ABORTED`) if `signal` aborts
 * @throws ArgumentError (`SYNC_ARGUMENT`) if an option is invalid
 */
export async function replay<T>(
  chunks: TextChunks,
  collection: Collection<T>,
  { speed = 'max', after = 0, id, onProgress, signal, runtime = systemRuntime }: ReplayOptions = {},
): Promise<ReplayProgress> {
  if (speed !== 'max' && !(speed > 0 && speed < Number.POSITIVE_INFINITY)) {
    throw new ArgumentError(`speed: expected a positive number or 'max', got ${String(speed)}`)
  }
  if (!Number.isSafeInteger(after) || after < 0)
    throw new ArgumentError(`after: expected a line number, got ${String(after)}`)
  if (id === '') throw new ArgumentError("id: expected a non-empty string, got ''")
  const window = new ReplayWindow(after, onProgress)
  const stopSignal = signal ? AbortSignal.any([signal, window.failureSignal]) : window.failureSignal
  const pacer = new Pacer(speed, runtime, stopSignal)
  let failure: unknown
  try {
    for await (const line of readRecording(abortableIterator(chunks, stopSignal))) {
      stopSignal.throwIfAborted()
      if (line.line <= after) continue
      if ('change' in line) {
        const { change } = line
        await pacer.waitForTurn(change)
        await window.waitForRoom(stopSignal)
        const options = {
          ...(change.meta && { meta: change.meta }),
          ...(id && { idempotencyKey: `${id}:${line.line}` }),
        }
        window.startWrite(line, change.key, () =>
          applyChange(collection as unknown as Collection<never>, change, options),
        )
      } else window.skip(line)
    }
  } catch (error) {
    failure = signal?.aborted ? new AbortedError('replay: aborted', { cause: signal.reason }) : error
  }
  await window.whenIdle()
  if (window.failure) throw window.failure
  if (failure) throw failure
  return window.progress
}

async function applyChange(
  collection: Collection<never>,
  change: RecordedChange,
  options: WriteOptions,
): Promise<void> {
  const { key } = change
  switch (change.kind) {
    case 'created':
    case 'reset':
      await collection.set(key, change.value as never, options)
      return
    case 'changed':
      await collection.patch(key, change.patch, options)
      return
    case 'removed':
      await collection.delete(key, options)
  }
}
