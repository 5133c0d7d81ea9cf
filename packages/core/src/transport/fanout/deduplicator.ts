import type { Json } from '../../model/json.ts'
import { WIRE_VERSION } from '../wire.ts'

/** Maximum number of changes by which one bus may lag behind another for repeats to be recognised. */
const MAX_REMEMBERED = 10_000

type Frame = readonly [major: number, epoch: string, origin: Json, changes: readonly Json[], ...rest: Json[]]

/** Removes changes that another bus has already delivered. Epoch and sequence identify a change. */
export class Deduplicator {
  /** Ids of received changes, oldest first. */
  readonly #seen = new Set<string>()

  /**
   * Returns the frame without repeats; `undefined` if it contains only repeats. An unreadable frame is returned
   * unchanged, because its decoder reports it.
   */
  removeRepeats(frame: string | Uint8Array): string | Uint8Array | undefined {
    const parsed = parse(frame)
    if (!parsed) return frame
    const [, epoch, , changes] = parsed
    const fresh = changes.filter((change) => this.#isNew(epoch, change))
    if (fresh.length === changes.length) return frame
    return fresh.length === 0 ? undefined : JSON.stringify(parsed.with(3, fresh))
  }

  #isNew(epoch: string, change: Json): boolean {
    const sequence = Array.isArray(change) ? (change[3] as Json | undefined) : undefined
    if (typeof sequence !== 'number') return true
    const name = `${sequence}.${epoch}`
    if (this.#seen.has(name)) return false
    this.#seen.add(name)
    if (this.#seen.size > MAX_REMEMBERED) this.#seen.delete(this.#seen.values().next().value as string)
    return true
  }
}

const decoder = new TextDecoder()

function parse(frame: string | Uint8Array): Frame | undefined {
  let parsed: Json
  try {
    parsed = JSON.parse(typeof frame === 'string' ? frame : decoder.decode(frame)) as Json
  } catch {
    return undefined
  }
  if (!Array.isArray(parsed)) return undefined
  const [major, epoch, , changes] = parsed as Json[]
  const readable = major === WIRE_VERSION && typeof epoch === 'string' && Array.isArray(changes)
  return readable ? (parsed as unknown as Frame) : undefined
}
