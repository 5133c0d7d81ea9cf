import type { ChangeBus, Store } from '@sync/core'
import type { Diagnosis, SectionRef, SectionSummary } from '@sync/core/adapter'
import { diagnose } from './doctor/diagnose.ts'
import { sections } from './doctor/sections.ts'
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
  /** Checks whether a server is fit for a store and a bus. */
  diagnose(url: URL): AsyncIterable<Diagnosis>
  /** Lists the sections of a store, with the number of documents. Scans all keys of the database. */
  sections(url: URL, text: string, only?: SectionRef): AsyncIterable<SectionSummary>
} = {
  store: (url) => redisStore(url),
  bus: (url) => redisBus(url),
  diagnose,
  sections: (url, _, only) => sections(url, only),
}
