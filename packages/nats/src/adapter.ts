import type { ChangeBus } from '@sync/core'
import type { Diagnosis } from '@sync/core/adapter'
import { diagnose } from './diagnose.ts'
import { natsBus } from './open-bus.ts'

/** Adapter of `nats:` URLs for `@sync/config`. Bus options are query parameters. */
export const adapter: {
  /** A URL may name several hosts, each with its own port. */
  readonly hosts: 'several'
  /**
   * Opens a bus from the URL's text.
   * @throws ArgumentError (`SYNC_ARGUMENT`) if the URL is malformed, or a parameter is unknown or invalid
   */
  bus(url: URL, text: string): ChangeBus
  /** Checks whether a server is fit for a bus. */
  diagnose(url: URL, text: string): AsyncIterable<Diagnosis>
} = {
  hosts: 'several',
  bus: (_, text) => natsBus(text),
  diagnose: (_, text) => diagnose(text),
}
