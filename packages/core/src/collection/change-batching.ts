import { decodePosition, encodePosition, type LogPosition } from '../model/position.ts'
import type { ReplicaEvent } from '../replica/replica-event.ts'
import { type ChangeEvent, combine, toChangeEvents } from './change-events.ts'

/** Successive changes of one document that become one change of the batch. */
interface BatchEntry {
  readonly events: ChangeEvent[]
  readonly firstSequence: number
  lastSequence: number
}

/**
 * Takes the next batch from the pending events, in order. `isNew` returns false for an event that was already delivered
 * in another way. `unresolvedFrom`: sequence of the first change that an earlier batch left unresolved.
 */
export function nextBatch(
  pending: ReplicaEvent[],
  options: ChangeBatchOptions,
  isNew: (replicaEvent: ReplicaEvent) => boolean,
  unresolvedFrom: number = Number.POSITIVE_INFINITY,
): TakenEvents {
  const entries: BatchEntry[] = []
  const entryByKey = new Map<string, BatchEntry>()
  const unresolved = new Map<string, number>()
  let firstUnresolved = Number.POSITIVE_INFINITY
  let consumed = 0
  for (const replicaEvent of pending) {
    const merges = unresolved.has(replicaEvent.key) || (options.combine && entryByKey.has(replicaEvent.key))
    if (!merges && entries.length >= options.maxBatch) break
    consumed++
    if (!isNew(replicaEvent)) continue
    // after an unresolved change, later changes of the same document are unresolved too
    const events = unresolved.has(replicaEvent.key) ? undefined : toChangeEvents(replicaEvent)
    const isComplete = !options.values || events?.every(({ kind }) => kind !== 'delta')
    if (events && isComplete) for (const each of events) addEvent(each, replicaEvent.sequence)
    else {
      unresolved.set(replicaEvent.key, replicaEvent.sequence)
      firstUnresolved = Math.min(firstUnresolved, replicaEvent.sequence)
    }
  }
  const { epoch = '', sequence = 0 } = pending[consumed - 1] ?? {}
  pending.splice(0, consumed)
  const limit = Math.min(firstUnresolved, unresolvedFrom)
  const events = withSafePositions(entries, limit).filter(options.matches)
  return { events, unresolved, unresolvedFrom: limit, upTo: { epoch, sequence } }

  function addEvent(event: ChangeEvent, sequence: number): void {
    const entry = options.combine ? entryByKey.get(event.key) : undefined
    if (entry) {
      entry.events.push(event)
      entry.lastSequence = sequence
    } else {
      const added = { events: [event], firstSequence: sequence, lastSequence: sequence }
      entryByKey.set(event.key, added)
      entries.push(added)
    }
  }
}

/** Returns each change with a position that is safe to save: every change at or below it has been emitted. */
function withSafePositions(entries: readonly BatchEntry[], limit: number): ChangeEvent[] {
  const inOrder = [...entries].sort((a, b) => a.lastSequence - b.lastSequence)
  let safeBefore = limit
  return inOrder
    .reverse()
    .map(({ events, firstSequence, lastSequence }) => {
      const event = combine(events)
      const { epoch } = decodePosition(event.position)
      const position = encodePosition({ epoch, sequence: Math.max(0, Math.min(lastSequence, safeBefore - 1)) })
      safeBefore = Math.min(safeBefore, firstSequence)
      return { ...event, position }
    })
    .reverse()
}

/** Options of {@link nextBatch}. */
export interface ChangeBatchOptions {
  /** Maximum number of changes in a batch; of documents, when combining. */
  readonly maxBatch: number
  readonly combine: boolean
  /** Whether a change without the document's value is unresolved. */
  readonly values: boolean
  /** True if the watcher requested this change. */
  readonly matches: (event: ChangeEvent) => boolean
}

/** A batch, and the documents that it leaves unresolved. */
export interface TakenEvents {
  readonly events: readonly ChangeEvent[]
  /** Documents that must be loaded, with the sequence of their change. */
  readonly unresolved: ReadonlyMap<string, number>
  /** Sequence of the first change that is unresolved; infinite if there is none. */
  readonly unresolvedFrom: number
  /** Position up to which events were taken. */
  readonly upTo: LogPosition
}
