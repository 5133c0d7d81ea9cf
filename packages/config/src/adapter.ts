import type { ChangeBus, Store } from '@sync/core'

/** What an adapter offers under the scheme of its URLs. One that has no store (or no bus) leaves it out. */
export interface SchemeAdapter {
  /**
   * `several`: it takes more than one host, each with its port (`nats://h1:4222,h2:4223`). No `URL` can hold those: there `url`
   * has the first, and `text` all of them. Default `one`: they are refused.
   */
  readonly hosts?: 'one' | 'several'
  /** `text`: as it was written. */
  store?(url: URL, text: string): Store | Promise<Store>
  /** `text`: as it was written. */
  bus?(url: URL, text: string): ChangeBus | Promise<ChangeBus>
}

/** Loads an adapter when a URL first needs it. */
export type SchemeLoader = () => Promise<SchemeAdapter>
