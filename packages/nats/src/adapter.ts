import type { ChangeBus } from '@sync/core'
import { natsBus } from './bus/index.ts'

/** Opens `nats:` URLs for `@sync/config`: options of the bus stand in the query. */
export const adapter: {
  /** @throws ArgumentError (`SYNC_ARGUMENT`) for a parameter that is not an option */
  bus(url: URL): ChangeBus
} = {
  bus: (url) => natsBus(url),
}
