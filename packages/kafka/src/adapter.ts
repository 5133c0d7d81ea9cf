import type { ChangeBus } from '@sync/core'
import type { Diagnosis } from '@sync/core/adapter'
import { diagnose } from './diagnose.ts'
import { kafkaBus } from './open-bus.ts'

/** Adapter of `kafka:` URLs for `@sync/config`. Bus options are query parameters. */
export const adapter: {
  /** A URL may name several hosts, each with its own port. */
  readonly hosts: 'several'
  /**
   * Opens a bus from the URL's text.
   * @throws ArgumentError (`SYNC_ARGUMENT`) if the URL is malformed, or a parameter is unknown or invalid
   */
  bus(url: URL, text: string): ChangeBus
  /** Checks whether brokers and topics are fit for a bus. */
  diagnose(url: URL, text: string): AsyncIterable<Diagnosis>
} = {
  hosts: 'several',
  bus: (_, text) => kafkaBus(text),
  diagnose: (_, text) => diagnose(text),
}
