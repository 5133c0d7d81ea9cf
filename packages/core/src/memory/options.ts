import { assertInteger } from '../model/assert.ts'
import { type Duration, parseDuration } from '../model/duration.ts'
import { type Runtime, systemRuntime } from '../model/runtime.ts'

/** Options of a {@link MemoryHub}. Whatever is out of its range is refused with an ArgumentError (`SYNC_ARGUMENT`). */
export interface MemoryHubOptions {
  /** Clock, timers, randomness and ids. Default: the real ones. */
  readonly runtime?: Runtime
  /** The most changes that a section's log keeps. Default 10,000. */
  readonly maxChanges?: number
  /** A change older than this leaves its section's log at the next commit there. Default 1 hour. */
  readonly maxAge?: Duration
  /** The most answers that a section's op memory keeps, 2 at least. Never less than the last half of them. Default 100,000. */
  readonly maxOpResults?: number
  /** How much text of changes a section's op memory keeps, in characters; if reached, it forgets sooner. Default 32 Mi. */
  readonly maxOpResultChars?: number
  /** How long, at the least, the answer to an op id given by the caller is kept. Default 10 minutes. */
  readonly opResultTtl?: Duration
  /** How many earlier epochs a section remembers. Default 8. */
  readonly lineageDepth?: number
  /** How many commits `store.loseTail` can take back: each costs memory. Default 0. */
  readonly maxUndoCommits?: number
  /** The largest frame on the bus, in bytes. Default 1 MiB. */
  readonly maxPayloadBytes?: number
  /** The largest commit request, in bytes of its field texts. Default 16 MiB. */
  readonly maxCommitBytes?: number
  /**
   * Takes what a frame handler or status listener threw: neither may, and nobody else is harmed by it.
   * Default: thrown again outside of every call, so that the process hears of it as of any uncaught error.
   */
  readonly onError?: (error: unknown) => void
}

/** Options with every default filled in, durations in ms. */
export interface HubSettings {
  readonly runtime: Runtime
  readonly maxChanges: number
  readonly maxAge: number
  readonly maxOpResults: number
  readonly maxOpResultChars: number
  readonly opResultTtl: number
  readonly lineageDepth: number
  readonly maxUndoCommits: number
  readonly maxPayloadBytes: number
  readonly maxCommitBytes: number
  readonly onError: (error: unknown) => void
}

const MIB = 1_048_576

/** Fills in the defaults. @throws ArgumentError (`SYNC_ARGUMENT`) naming the option that is out of range. */
export function resolveOptions(options: MemoryHubOptions): HubSettings {
  return {
    runtime: options.runtime ?? systemRuntime,
    maxChanges: assertInteger(options.maxChanges ?? 10_000, 'maxChanges', 0),
    maxAge: parseDuration(options.maxAge ?? '1h', 'maxAge'),
    maxOpResults: assertInteger(options.maxOpResults ?? 100_000, 'maxOpResults', 2),
    maxOpResultChars: assertInteger(options.maxOpResultChars ?? 32 * MIB, 'maxOpResultChars', 1),
    opResultTtl: parseDuration(options.opResultTtl ?? '10m', 'opResultTtl'),
    lineageDepth: assertInteger(options.lineageDepth ?? 8, 'lineageDepth', 0),
    maxUndoCommits: assertInteger(options.maxUndoCommits ?? 0, 'maxUndoCommits', 0),
    maxPayloadBytes: assertInteger(options.maxPayloadBytes ?? MIB, 'maxPayloadBytes', 1),
    maxCommitBytes: assertInteger(options.maxCommitBytes ?? 16 * MIB, 'maxCommitBytes', 1),
    onError: options.onError ?? throwLater,
  }
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
