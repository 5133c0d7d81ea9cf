import { decodePosition, encodePosition } from '../model/position.ts'
import type { ReplicaEvent } from '../replica/replica-event.ts'
import { type ChangeEvent, combine, toChangeEvents } from './change-events.ts'

interface BatchEntry {
  readonly event: ChangeEvent
  readonly firstSequence: number
  readonly lastSequence: number
}

/**
 * Takes the next batch from the pending events, in order. `isNew` returns false for an event that was already delivered
 * in another way.
 */
export function nextBatch(
  pending: ReplicaEvent[],
  options: ChangeBatchOptions,
  isNew: (replicaEvent: ReplicaEvent) => boolean,
): ChangeBatch {
  const entries: BatchEntry[] = []
  const indexByKey = new Map<string, number>()
  const unresolved = new Map<string, number>()
  let firstUnresolved = Number.POSITIVE_INFINITY
  let consumed = 0
  for (const replicaEvent of pending) {
    const merges = unresolved.has(replicaEvent.key) || (options.combine && indexByKey.has(replicaEvent.key))
    if (!merges && entries.length >= options.maxBatch) break
    consumed++
    if (!isNew(replicaEvent)) continue
    // after an unresolved change, later changes of the same document are unresolved too
    const events = unresolved.has(replicaEvent.key) ? undefined : toChangeEvents(replicaEvent)
    if (events) for (const each of events) addEvent(each, replicaEvent.sequence)
    else {
      unresolved.set(replicaEvent.key, replicaEvent.sequence)
      firstUnresolved = Math.min(firstUnresolved, replicaEvent.sequence)
    }
  }
  const upTo = pending[consumed - 1]?.sequence ?? 0
  pending.splice(0, consumed)
  return { events: withSafePositions(entries, firstUnresolved).filter(options.matches), unresolved, upTo }

  function addEvent(event: ChangeEvent, sequence: number): void {
    const index = options.combine ? indexByKey.get(event.key) : undefined
    const previous = index === undefined ? undefined : entries[index]
    if (index !== undefined && previous)
      entries[index] = {
        event: combine(previous.event, event),
        firstSequence: previous.firstSequence,
        lastSequence: sequence,
      }
    else {
      indexByKey.set(event.key, entries.length)
      entries.push({ event, firstSequence: sequence, lastSequence: sequence })
    }
  }
}

/** Returns each change with a position that is safe to save: every change at or below it has been emitted. */
function withSafePositions(entries: readonly BatchEntry[], limit: number): ChangeEvent[] {
  const inOrder = [...entries].sort((a, b) => a.lastSequence - b.lastSequence)
  let safeBefore = limit
  return inOrder.reduceRight<ChangeEvent[]>((events, { event: each, firstSequence, lastSequence }) => {
    const { epoch } = decodePosition(each.position)
    events.unshift({
      ...each,
      position: encodePosition({ epoch, sequence: Math.max(0, Math.min(lastSequence, safeBefore - 1)) }),
    })
    safeBefore = Math.min(safeBefore, firstSequence)
    return events
  }, [])
}

/** Options of {@link nextBatch}. */
export interface ChangeBatchOptions {
  /** Maximum number of changes in a batch; of documents, when combining. */
  readonly maxBatch: number
  readonly combine: boolean
  /** True if the watcher requested this change. */
  readonly matches: (event: ChangeEvent) => boolean
}

/** A batch, and the documents that it leaves unresolved. */
export interface ChangeBatch {
  readonly events: readonly ChangeEvent[]
  /** Documents that must be loaded, with the sequence of their change. */
  readonly unresolved: ReadonlyMap<string, number>
  /** Sequence up to which events were taken. */
  readonly upTo: number
}
