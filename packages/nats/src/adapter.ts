import type { ChangeBus } from '@sync/core'
import { natsBus } from './open-bus.ts'

/** Opens `nats:` URLs for `@sync/config`: options of the bus stand in the query. */
export const adapter: {
  /** Each with its port; all of them stand in the text. */
  readonly hosts: 'several'
  /** @throws ArgumentError (`SYNC_ARGUMENT`) for a parameter that is not an option */
  bus(url: URL, text: string): ChangeBus
} = {
  hosts: 'several',
  bus: (_, text) => natsBus(text),
}
