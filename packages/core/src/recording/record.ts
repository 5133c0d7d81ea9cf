import type { Change, Collection } from '../collection/api.ts'
import type { Position } from '../model/position.ts'
import { type Runtime, systemRuntime } from '../model/runtime.ts'
import { RECORDING_VERSION, type RecordedChange, type RecordingEnd, type RecordingStart } from './format.ts'

/** Options of {@link record}. */
export interface RecordOptions {
  /** Where to begin. `snapshot` (default): with all there is, so that the recording is a backup; else see `changes`. */
  readonly from?: 'now' | 'snapshot' | { readonly after: Position }
  /** When to end. `stopped` (default): when `signal` aborts; `now`: when all has been written that the store held at the call. */
  readonly until?: 'stopped' | 'now'
  /** Ends the recording in good order. */
  readonly signal?: AbortSignal
  /** What the time in its first line is taken from. Default: the real clock. */
  readonly runtime?: Runtime
}

/**
 * A section's changes as text: JSON Lines, each with its line feed, as `replay` reads them. Made as they are asked for: whoever
 * writes them to a slow disk slows nobody else, and what then overflows is recorded as whole values.
 *
 * It ends with a line that says so, unless the instance closes or the caller stops asking: then that line is missing.
 *
 * Throws what `changes` throws: ArgumentError (`SYNC_ARGUMENT`) for a section followed by key, PositionError, ClosedError.
 */
export async function* record<T>(
  collection: Collection<T>,
  { from = 'snapshot', until = 'stopped', signal, runtime = systemRuntime }: RecordOptions = {},
): AsyncGenerator<string, void, void> {
  const changes = collection.changes({ from, until, combine: false, ...(signal && { signal }) })
  const { partition, section } = collection.ref
  yield toLine({ recording: RECORDING_VERSION, partition, section, from, at: runtime.now() })
  let written = 0
  for await (const batch of changes) {
    for (const change of batch) {
      yield toLine(toRecordedChange(change as Change<unknown>))
      written++
    }
  }
  yield toLine({ end: written })
}

const toLine = (content: RecordingStart | RecordedChange | RecordingEnd): string => `${JSON.stringify(content)}\n`

/** What was not seen of a document, and what follows from the rest, is not written. */
function toRecordedChange(change: Change<unknown>): RecordedChange {
  const { key, version, position, at, meta } = change
  const tail = { version, position, at, ...(meta && { meta }) }
  switch (change.kind) {
    case 'created':
      return { key, kind: 'created', ...tail, value: change.value as never }
    case 'reset':
      return { key, kind: 'reset', ...tail, reason: change.reason, value: change.value as never }
    case 'removed':
      return { key, kind: 'removed', ...tail, reason: change.reason }
    case 'changed':
    case 'delta':
      return { key, kind: 'changed', ...tail, patch: change.patch }
  }
}
