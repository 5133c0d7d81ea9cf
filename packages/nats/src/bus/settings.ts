import { ArgumentError } from '@sync/core'
import { milliseconds, wholeNumber } from '@sync/core/adapter'
import type { NatsBusOptions } from '../options.ts'
import { throwLater } from './listeners.ts'

/** Options with every default filled in, durations in ms. */
export interface Settings {
  readonly bus: 'core'
  readonly prefix: string
  readonly timeout: number
  /** The most that a frame may have, whatever the server takes. */
  readonly maxPayloadBytes: number
  readonly onError: (error: unknown) => void
}

/** Fills in the defaults. @throws ArgumentError (`SYNC_ARGUMENT`) naming the option that is out of range. */
export function resolveOptions(options: NatsBusOptions): Settings {
  const { bus = 'core', prefix = 'sync', maxPayloadBytes } = options
  if (bus !== 'core') throw new ArgumentError(`bus: "${String(bus)}" is none of core`)
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(prefix))
    throw new ArgumentError('prefix: 1 to 32 letters, digits, - and _ are needed')
  return {
    bus,
    prefix,
    timeout: milliseconds(options.timeout ?? '3s', 'timeout'),
    maxPayloadBytes:
      maxPayloadBytes === undefined ? Number.POSITIVE_INFINITY : wholeNumber(maxPayloadBytes, 'maxPayloadBytes', 1_024),
    onError: options.onError ?? throwLater,
  }
}
