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
  /** How many times faster than it was recorded; `max` (default): as fast as the store takes it. Snapshots go at once. */
  readonly speed?: number | 'max'
  /** The lines up to this one were played before. Default 0. */
  readonly after?: number
  /**
   * Names this replay: each change is written under an op id made of it and its line, so that one which is begun again (under
   * the same name, a little too early in the file) writes nothing twice, as long as the store remembers the ids.
   */
  readonly id?: string
  /** Called as lines are done. */
  readonly onProgress?: (progress: ReplayProgress) => void
  /** Ends it: what is on its way is waited for, then it rejects with `SYNC_ABORTED`. */
  readonly signal?: AbortSignal
  /** Time for `speed`. Default: the real clock. */
  readonly runtime?: Runtime
}

/**
 * Plays a recording into a collection, of another store or partition: creations and snapshots replace the document, changes
 * are applied as patches, removals delete. Each line is one write with its recorded `meta`; those of a key go one after another,
 * keys in parallel. Memory stays bounded whatever the length: no more is read than is being written.
 *
 * Documents that the recording does not name stay as they are; nobody else should write those that it does.
 *
 * @throws RecordingError (`SYNC_RECORDING`) with the line that was not done: damaged, missing, of a newer format, or refused
 * (its error is the `cause`). All lines before it are done. After a refusal changes of other keys may be done behind it:
 * to go on there without doing them twice, replay under an `id`.
 * @throws AbortedError (`SYNC_ABORTED`), ArgumentError (`SYNC_ARGUMENT`) for a speed that is none
 */
export async function replay<T>(
  chunks: TextChunks,
  collection: Collection<T>,
  { speed = 'max', after = 0, id, onProgress, signal, runtime = systemRuntime }: ReplayOptions = {},
): Promise<ReplayProgress> {
  if (speed !== 'max' && !(speed > 0 && speed < Number.POSITIVE_INFINITY)) {
    throw new ArgumentError(`speed: a positive number or 'max' is needed, not ${String(speed)}`)
  }
  if (!Number.isSafeInteger(after) || after < 0) throw new ArgumentError('after: the number of a line is needed')
  if (id === '') throw new ArgumentError('id: a non-empty string is needed')
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
