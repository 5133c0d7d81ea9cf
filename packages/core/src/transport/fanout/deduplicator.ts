import type { Json } from '../../model/json.ts'
import { WIRE_VERSION } from '../wire.ts'

/** How many changes one bus may bring later than another, and still be known to repeat it. */
const MAX_REMEMBERED = 10_000

type Frame = readonly [major: number, epoch: string, origin: Json, changes: readonly Json[], ...rest: Json[]]

/** Finds what one bus brings of what another one has brought: epoch and sequence name a change. */
export class Deduplicator {
  /** Oldest first. */
  readonly #seen = new Set<string>()

  /** The frame without what came before; `undefined`: all of it did. One that cannot be read is handed on: that is told elsewhere. */
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
