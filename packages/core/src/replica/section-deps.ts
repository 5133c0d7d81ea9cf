import type { SectionRef } from '../model/address.ts'
import type { Runtime } from '../model/runtime.ts'
import type { SubscribeBy } from '../model/section-definition.ts'
import type { ChangeBus } from '../transport/bus.ts'
import type { SectionEvent } from './events.ts'
import type { CacheLimits } from './eviction.ts'
import type { HeadPoller } from './head-poller.ts'
import type { LoadBatcher } from './load-batcher.ts'
import type { Metrics } from './metrics.ts'
import type { RetryingStore } from './retrying-store.ts'

/** Options of a section's replication. */
export interface SectionOptions {
  readonly ref: SectionRef
  readonly subscribeBy: SubscribeBy
  /** Hash of the settings that all services must agree on. */
  readonly digest: string
  readonly replicate: 'on-demand' | 'all'
  /** Milliseconds; `undefined` if documents never expire. */
  readonly ttl: number | undefined
  readonly sliding: boolean
  readonly cache: CacheLimits
  /** Maximum time that an early change waits for its predecessor, in ms. */
  readonly reorderWindow: number
}

/** Collaborators of a section, shared by all sections of an instance. */
export interface SectionDeps {
  /** Id of this instance. */
  readonly origin: string
  readonly retryingStore: RetryingStore
  readonly loadBatcher: LoadBatcher
  readonly headPoller: HeadPoller
  readonly bus: ChangeBus
  readonly runtime: Runtime
  readonly metrics: Metrics
  /** True if the bus reports that it delivers changes. */
  readonly isBusConnected: () => boolean
  /** Called when the section starts, for the first time or after its release. */
  readonly onStart: () => void
  readonly emit: (event: SectionRef & SectionEvent) => void
  /** Runs work that no caller awaits; its failure becomes an event. */
  readonly background: (ref: SectionRef, work: Promise<unknown>) => void
}

/** Maximum number of changes that wait for a gap, a load or the start of the section. */
export const MAX_PENDING_CHANGES = 10_000
