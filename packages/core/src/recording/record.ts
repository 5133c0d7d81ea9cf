import type { Change, Collection } from '../collection/api.ts'
import type { Position } from '../model/position.ts'
import { type Runtime, systemRuntime } from '../model/runtime.ts'
import {
  RECORDING_VERSION,
  type RecordedBookmark,
  type RecordedChange,
  type RecordingEnd,
  type RecordingStart,
} from './format.ts'

/** Options of {@link record}. */
export interface RecordOptions {
  /**
   * Starting point. `snapshot` (default): all existing documents, so that the recording is a backup. `now` or `{ after
   * }`: see `changes`.
   */
  readonly from?: 'now' | 'snapshot' | { readonly after: Position }
  /**
   * End point. `stopped` (default): when `signal` aborts. `now`: once everything that the store contained at the call
   * is written.
   */
  readonly until?: 'stopped' | 'now'
  /** Ends the recording regularly, with its last line. */
  readonly signal?: AbortSignal
  /** Clock for the time in the first line. Default: the system clock. */
  readonly runtime?: Runtime
}

/**
 * Yields a section's changes as JSON Lines, one line with its line feed at a time, in the format that `replay` reads.
 * Lines are created on demand: a slow consumer delays nothing else, and changes that overflow in the meantime are
 * recorded as whole values.
 *
 * The recording ends with an end line, unless the instance closes or the caller stops iterating.
 *
 * @throws ArgumentError (`SYNC_ARGUMENT`) if the section subscribes by document
 * @throws PositionError (`SYNC_POSITION`) if `from.after` is not a position
 * @throws ClosedError (`SYNC_CLOSED`) if the instance is closed
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
    const { position, synced } = batch
    if (synced || batch.length === 0) yield toLine({ position, ...(synced && { synced }) })
  }
  yield toLine({ end: written })
}

const toLine = (content: RecordingStart | RecordedChange | RecordedBookmark | RecordingEnd): string =>
  `${JSON.stringify(content)}\n`

/** Keeps only the members that cannot be derived from the others. A delta is recorded like a change. */
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
