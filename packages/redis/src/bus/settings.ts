import { assertInteger, parseDuration, throwUncaught } from '@sync/core/adapter'
import type { RedisBusOptions } from '../options.ts'

/** Bus options with every default filled in, durations in ms. */
export interface BusSettings {
  readonly timeout: number
  readonly maxPayloadBytes: number
  readonly maxFrames: number
  readonly onError: (error: unknown) => void
}

/**
 * Fills in the defaults.
 * @throws ArgumentError (`SYNC_ARGUMENT`) naming the option that is out of range
 */
export const resolveBusOptions = (options: RedisBusOptions): BusSettings => ({
  timeout: parseDuration(options.timeout ?? '3s', 'timeout'),
  maxPayloadBytes: assertInteger(options.maxPayloadBytes ?? 1_048_576, 'maxPayloadBytes', 1_024),
  maxFrames: assertInteger(options.maxFrames ?? 10_000, 'maxFrames', 1),
  onError: options.onError ?? throwUncaught,
})
