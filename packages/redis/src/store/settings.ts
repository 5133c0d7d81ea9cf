import { ArgumentError } from '@sync/core'
import { assertInteger, parseDuration, TOMBSTONE_MS } from '@sync/core/adapter'
import type { RedisStoreOptions } from '../options.ts'

/** Store options with every default filled in, durations in ms. */
export interface StoreSettings {
  readonly maxChanges: number
  readonly maxAge: number
  readonly maxOpResults: number
  readonly maxOpResultBytes: number
  readonly opResultTtl: number
  readonly lineageDepth: number
  readonly maxCommitBytes: number
  readonly publish: 'writer' | 'outbox'
}

const MIB = 1_048_576

/**
 * Fills in the defaults.
 * @throws ArgumentError (`SYNC_ARGUMENT`) naming the option that is out of range
 */
export function resolveStoreOptions(options: RedisStoreOptions): StoreSettings {
  return {
    maxChanges: assertInteger(options.maxChanges ?? 10_000, 'maxChanges', 0),
    maxAge: parseDuration(options.maxAge ?? '1h', 'maxAge'),
    maxOpResults: assertInteger(options.maxOpResults ?? 100_000, 'maxOpResults', 2),
    maxOpResultBytes: assertInteger(options.maxOpResultBytes ?? 32 * MIB, 'maxOpResultBytes', 1),
    opResultTtl: parseDuration(options.opResultTtl ?? '10m', 'opResultTtl'),
    lineageDepth: assertInteger(options.lineageDepth ?? 8, 'lineageDepth', 0),
    maxCommitBytes: assertInteger(options.maxCommitBytes ?? 16 * MIB, 'maxCommitBytes', 1),
    publish: resolvePublish(options.publish),
  }
}

function resolvePublish(publish: RedisStoreOptions['publish'] = 'writer'): 'writer' | 'outbox' {
  if (publish === 'writer' || publish === 'outbox') return publish
  throw new ArgumentError(`publish: expected 'writer' or 'outbox', got ${JSON.stringify(publish)}`)
}

/** Publishing by a commit's script. Without `command` the script does not publish. */
export interface InCommitPublishing {
  readonly command?: 'PUBLISH' | 'SPUBLISH' | 'XADD' | 'XADD SPUBLISH' | undefined
  readonly maxPayloadBytes?: number
  readonly maxFrames?: number | undefined
  /** The outbox index of the section, and the channel on which the script notifies relays; an empty channel if it cannot. */
  readonly outbox?: readonly [index: string, channel: string] | undefined
}

/** Encodes the settings in the order in which the scripts read them. */
export function encodeSettings(
  settings: StoreSettings,
  { maxPayloadBytes = 0, maxFrames = 0, command, outbox = ['', ''] }: InCommitPublishing = {},
): string {
  const { lineageDepth, maxChanges, maxAge, maxOpResults, maxOpResultBytes, opResultTtl } = settings
  const half = Math.floor(maxOpResults / 2)
  return JSON.stringify([
    lineageDepth,
    maxChanges,
    maxAge,
    half,
    maxOpResultBytes / 2,
    opResultTtl,
    TOMBSTONE_MS,
    maxPayloadBytes,
    command ?? '',
    maxFrames,
    ...outbox,
  ])
}
