import type { ChangeBus, Store } from '@sync/core'
import { redisBus } from './open-bus.ts'
import { redisStore } from './open-store.ts'

/** Opens `redis:` and `rediss:` URLs for `@sync/config`: options of the store or bus stand in the query. */
export const adapter: {
  /** @throws ArgumentError (`SYNC_ARGUMENT`) for a parameter that is not an option */
  store(url: URL): Store
  /** @throws ArgumentError (`SYNC_ARGUMENT`) for a parameter that is not an option */
  bus(url: URL): ChangeBus
} = {
  store: (url) => redisStore(url),
  bus: (url) => redisBus(url),
}
