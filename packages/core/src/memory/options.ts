import { assertInteger, assertOptions, type OptionNames } from '../model/assert.ts'
import { type Duration, parseDuration } from '../model/duration.ts'
import { type Runtime, systemRuntime } from '../model/runtime.ts'
import { throwUncaught } from '../transport/listeners.ts'

/**
 * Options of a {@link MemoryHub}. `createMemoryHub` rejects values out of range with an ArgumentError
 * (`SYNC_ARGUMENT`).
 */
export interface MemoryHubOptions {
  /** Clock, timers, randomness and ids. Default: the system's. */
  readonly runtime?: Runtime
  /** Maximum number of changes in a section's log. Default 10,000. */
  readonly maxChanges?: number
  /** Maximum age of a change in a section's log; older ones are trimmed at the section's next commit. Default 1 hour. */
  readonly maxAge?: Duration
  /**
   * Maximum number of results in a section's op memory, at least 2. At least the latest half of them is kept. Default
   * 100,000.
   */
  readonly maxOpResults?: number
  /**
   * Maximum size of the changes in a section's op memory, in characters; older results are forgotten beyond it. Default
   * 32 Mi.
   */
  readonly maxOpResultChars?: number
  /** Minimum time for which the result of a write with an idempotency key is remembered. Default 10 minutes. */
  readonly opResultTtl?: Duration
  /** Number of ancestor epochs that a section remembers. Default 8. */
  readonly lineageDepth?: number
  /** Maximum number of commits that `store.loseTail` can undo. Each costs memory. Default 0. */
  readonly maxUndoCommits?: number
  /** Maximum frame size on the bus, in bytes. Default 1 MiB. */
  readonly maxPayloadBytes?: number
  /** Maximum size of a commit request: total bytes of its field texts. Default 16 MiB. */
  readonly maxCommitBytes?: number
  /**
   * Called with errors thrown by frame handlers and status listeners. They affect no other subscriber. Default:
   * rethrows them as uncaught exceptions.
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

const OPTIONS: OptionNames<MemoryHubOptions> = {
  runtime: true,
  maxChanges: true,
  maxAge: true,
  maxOpResults: true,
  maxOpResultChars: true,
  opResultTtl: true,
  lineageDepth: true,
  maxUndoCommits: true,
  maxPayloadBytes: true,
  maxCommitBytes: true,
  onError: true,
}

/** Fills in the defaults. @throws ArgumentError (`SYNC_ARGUMENT`) naming the option that is out of range */
export function resolveOptions(options: MemoryHubOptions): HubSettings {
  assertOptions(options, OPTIONS, 'createMemoryHub()')
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
    onError: options.onError ?? throwUncaught,
  }
}
