import { fromPosition, toPosition } from '../model/position.ts'
import type { Observation } from '../replica/observation.ts'
import { combine, type Told, tell } from './tell.ts'

/** How a backlog hands out what waits. */
export interface BacklogOptions {
  /** The most changes in a batch; documents, when combining. */
  readonly maxBatch: number
  readonly combine: boolean
  /** Does the watcher want to hear of this? */
  readonly wants: (told: Told) => boolean
}

/** A batch and what it leaves to do. */
export interface Taken {
  readonly told: readonly Told[]
  /** Documents of which only a load can tell, with the sequence of their change. */
  readonly unknown: ReadonlyMap<string, number>
  /** The sequence up to which all was taken. */
  readonly upTo: number
}

interface Waiting {
  readonly told: Told
  readonly first: number
  readonly last: number
}

/** Takes the next batch out of what waits, in order. `isNews` says whether an observation was not told some other way. */
export function takeBatch(
  waiting: Observation[],
  options: BacklogOptions,
  isNews: (seen: Observation) => boolean,
): Taken {
  const taken: Waiting[] = []
  const places = new Map<string, number>()
  const unknown = new Map<string, number>()
  let reach = Number.POSITIVE_INFINITY
  let used = 0
  for (const seen of waiting) {
    const joins = unknown.has(seen.key) || (options.combine && places.has(seen.key))
    if (!joins && taken.length >= options.maxBatch) break
    used++
    if (!isNews(seen)) continue
    // once a document's change cannot be told, what follows it cannot either
    const told = unknown.has(seen.key) ? undefined : tell(seen)
    if (told) for (const each of told) add(each, seen.sequence)
    else {
      unknown.set(seen.key, seen.sequence)
      reach = Math.min(reach, seen.sequence)
    }
  }
  const upTo = waiting[used - 1]?.sequence ?? 0
  waiting.splice(0, used)
  return { told: positioned(taken, reach).filter(options.wants), unknown, upTo }

  function add(told: Told, sequence: number): void {
    const place = options.combine ? places.get(told.key) : undefined
    const before = place === undefined ? undefined : taken[place]
    if (place !== undefined && before)
      taken[place] = { told: combine(before.told, told), first: before.first, last: sequence }
    else {
      places.set(told.key, taken.length)
      taken.push({ told, first: sequence, last: sequence })
    }
  }
}

/** Each change with the position that is safe to save after it: nothing at or below it is still to come. */
function positioned(taken: readonly Waiting[], before: number): Told[] {
  const inOrder = [...taken].sort((a, b) => a.last - b.last)
  let reach = before
  return inOrder.reduceRight<Told[]>((told, { told: each, first, last }) => {
    const { epoch } = fromPosition(each.position)
    told.unshift({ ...each, position: toPosition({ epoch, sequence: Math.max(0, Math.min(last, reach - 1)) }) })
    reach = Math.min(reach, first)
    return told
  }, [])
}
