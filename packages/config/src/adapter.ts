import type { ChangeBus, Store } from '@sync/core'
import type { Diagnosis, SectionRef, SectionSummary } from '@sync/core/adapter'

/** Opens stores and buses for one URL scheme. An adapter without stores, or without buses, omits the method. */
export interface SchemeAdapter {
  /**
   * Number of hosts that a URL may name. `several` allows hosts with a port each, as in `nats://h1:4222,h2:4223`. `URL` cannot
   * represent those, so `url` has the first host only, and `text` has all of them. With `one`, such a URL is rejected.
   * @default 'one'
   */
  readonly hosts?: 'one' | 'several'
  /** Opens a store. `text` is the URL as it was written. */
  store?(url: URL, text: string): Store | Promise<Store>
  /** Opens a bus. `text` is the URL as it was written. */
  bus?(url: URL, text: string): ChangeBus | Promise<ChangeBus>
  /** Checks whether the server is fit for this adapter. Yields each result as soon as it is known. */
  diagnose?(url: URL, text: string): AsyncIterable<Diagnosis>
  /** Lists the sections of a store. With `only`, yields this section if it exists. Changes nothing in the store. */
  sections?(url: URL, text: string, only?: SectionRef): AsyncIterable<SectionSummary>
}

/** Loads an adapter. Called for every URL of the scheme. */
export type SchemeLoader = () => Promise<SchemeAdapter>
