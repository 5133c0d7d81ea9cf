import { ArgumentError } from '@sync/core'
import { milliseconds, TOMBSTONE_MS, wholeNumber } from '@sync/core/adapter'
import type { RedisStoreOptions } from '../options.ts'

/** Store options with every default filled in, durations in ms. */
export interface StoreSettings {
  readonly maxChanges: number
  readonly maxAge: number
  readonly maxAnswers: number
  readonly maxAnswerText: number
  readonly opMemory: number
  readonly lineage: number
  readonly maxCommitBytes: number
  readonly publish: 'writer' | 'relay'
}

const MIB = 1_048_576

/** Fills in the defaults. @throws ArgumentError (`SYNC_ARGUMENT`) naming the option that is out of range. */
export function resolveStoreOptions(options: RedisStoreOptions): StoreSettings {
  return {
    maxChanges: wholeNumber(options.maxChanges ?? 10_000, 'maxChanges', 0),
    maxAge: milliseconds(options.maxAge ?? '1h', 'maxAge'),
    maxAnswers: wholeNumber(options.maxAnswers ?? 100_000, 'maxAnswers', 2),
    maxAnswerText: wholeNumber(options.maxAnswerText ?? 32 * MIB, 'maxAnswerText', 1),
    opMemory: milliseconds(options.opMemory ?? '10m', 'opMemory'),
    lineage: wholeNumber(options.lineage ?? 8, 'lineage', 0),
    maxCommitBytes: wholeNumber(options.maxCommitBytes ?? 16 * MIB, 'maxCommitBytes', 1),
    publish: publishing(options.publish),
  }
}

function publishing(publish: RedisStoreOptions['publish'] = 'writer'): 'writer' | 'relay' {
  if (publish === 'writer' || publish === 'relay') return publish
  throw new ArgumentError(`publish: 'writer' or 'relay' is needed, not ${JSON.stringify(publish)}`)
}

/** How a commit's script publishes. Without `command` it does not. */
export interface Publishing {
  readonly command?: 'PUBLISH' | 'SPUBLISH' | 'XADD' | 'XADD SPUBLISH' | undefined
  readonly maxPayloadBytes?: number
  readonly maxFrames?: number | undefined
  /** Where the section is noted for a relay, and the channel on which the script tells of it, if it can. */
  readonly outbox?: readonly [index: string, channel: string] | undefined
}

/** The settings as the scripts read them, in their order. */
export function settingsArg(
  settings: StoreSettings,
  { maxPayloadBytes = 0, maxFrames = 0, command, outbox = ['', ''] }: Publishing = {},
): string {
  const { lineage, maxChanges, maxAge, maxAnswers, maxAnswerText, opMemory } = settings
  const half = Math.floor(maxAnswers / 2)
  return JSON.stringify([
    lineage,
    maxChanges,
    maxAge,
    half,
    maxAnswerText / 2,
    opMemory,
    TOMBSTONE_MS,
    maxPayloadBytes,
    command ?? '',
    maxFrames,
    ...outbox,
  ])
}
