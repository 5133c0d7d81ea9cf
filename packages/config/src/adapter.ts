import type { ChangeBus, Store } from '@sync/core'

/** What an adapter offers under the scheme of its URLs. One that has no store (or no bus) leaves it out. */
export interface SchemeAdapter {
  store?(url: URL): Store | Promise<Store>
  bus?(url: URL): ChangeBus | Promise<ChangeBus>
}

/** Loads an adapter when a URL first needs it. */
export type SchemeLoader = () => Promise<SchemeAdapter>
