import type { ChangeBus, Store } from '@sync/core'
import { redisBus } from './open-bus.ts'
import { redisStore } from './open-store.ts'

/** Opens `redis:` and `rediss:` URLs for `@sync/config`. Options of the store or bus are query parameters of the URL. */
export const adapter: {
  /**
   * Opens a store.
   * @throws ArgumentError (`SYNC_ARGUMENT`) if the URL is invalid, or has a parameter that is not a store option
   */
  store(url: URL): Store
  /**
   * Opens a bus.
   * @throws ArgumentError (`SYNC_ARGUMENT`) if the URL is invalid, or has a parameter that is not a bus option
   */
  bus(url: URL): ChangeBus
} = {
  store: (url) => redisStore(url),
  bus: (url) => redisBus(url),
}
