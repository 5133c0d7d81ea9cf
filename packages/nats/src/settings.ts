import { ArgumentError } from '@sync/core'
import { assertInteger, parseDuration, throwUncaught } from '@sync/core/adapter'
import type { NatsBusOptions } from './options.ts'

/** Options with every default applied; durations are in milliseconds. */
export interface BusSettings {
  readonly transport: 'core' | 'jetstream'
  readonly prefix: string
  readonly timeout: number
  /** Maximum frame size in bytes; `Infinity` leaves the limit to the server. */
  readonly maxPayloadBytes: number
  readonly maxAge: number
  readonly maxMessages: number
  readonly maxBytes: number | undefined
  readonly replicas: number | undefined
  readonly onError: (error: unknown) => void
}

/** Validates options and applies the defaults. @throws ArgumentError (`SYNC_ARGUMENT`) if an option is invalid; the message names it */
export function resolveBusOptions(options: NatsBusOptions): BusSettings {
  const { transport = 'core', prefix = 'sync', maxPayloadBytes } = options
  if (transport !== 'core' && transport !== 'jetstream')
    throw new ArgumentError(`transport: expected 'core' or 'jetstream', got ${JSON.stringify(transport)}`)
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(prefix))
    throw new ArgumentError(`prefix: expected 1 to 32 letters, digits, "-" or "_", got ${JSON.stringify(prefix)}`)
  return {
    transport,
    prefix,
    timeout: parseDuration(options.timeout ?? '3s', 'timeout'),
    maxPayloadBytes:
      maxPayloadBytes === undefined
        ? Number.POSITIVE_INFINITY
        : assertInteger(maxPayloadBytes, 'maxPayloadBytes', 1_024),
    maxAge: parseDuration(options.maxAge ?? '1h', 'maxAge'),
    maxMessages: assertInteger(options.maxMessages ?? 100_000, 'maxMessages', 1),
    maxBytes: options.maxBytes === undefined ? undefined : assertInteger(options.maxBytes, 'maxBytes', 1_024),
    replicas: options.replicas === undefined ? undefined : assertInteger(options.replicas, 'replicas', 1),
    onError: options.onError ?? throwUncaught,
  }
}
