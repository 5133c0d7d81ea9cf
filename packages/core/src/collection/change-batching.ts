import { decodePosition, encodePosition } from '../model/position.ts'
import type { ReplicaEvent } from '../replica/replica-event.ts'
import { type ChangeEvent, combine, toChangeEvents } from './change-events.ts'

/** How a backlog hands out what waits. */
export interface ChangeBatchOptions {
  /** The most changes in a batch; documents, when combining. */
  readonly maxBatch: number
  readonly combine: boolean
  /** Does the watcher want to hear of this? */
  readonly matches: (event: ChangeEvent) => boolean
}

/** A batch and what it leaves to do. */
export interface ChangeBatch {
  readonly events: readonly ChangeEvent[]
  /** Documents of which only a load can tell, with the sequence of their change. */
  readonly unresolved: ReadonlyMap<string, number>
  /** The sequence up to which all was taken. */
  readonly upTo: number
}

interface BatchEntry {
  readonly event: ChangeEvent
  readonly firstSequence: number
  readonly lastSequence: number
}

/** Takes the next batch out of what waits, in order. `isNews` says whether an observation was not told some other way. */
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
    // once a document's change cannot be told, what follows it cannot either
    const told = unresolved.has(replicaEvent.key) ? undefined : toChangeEvents(replicaEvent)
    if (told) for (const each of told) addEvent(each, replicaEvent.sequence)
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

/** Each change with the position that is safe to save after it: nothing at or below it is still to come. */
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
