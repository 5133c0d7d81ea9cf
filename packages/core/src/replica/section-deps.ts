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

/** What is followed of a section here, and how. */
export interface SectionOptions {
  readonly ref: SectionRef
  readonly subscribeBy: SubscribeBy
  /** Equal wherever the section is defined alike. */
  readonly digest: string
  readonly replicate: 'on-demand' | 'all'
  /** Milliseconds; `undefined`: documents live for ever. */
  readonly ttl: number | undefined
  readonly sliding: boolean
  readonly cache: CacheLimits
  /** Milliseconds that an early change waits for its predecessor. */
  readonly reorderWindow: number
}

/** What a section works with: one set for all sections of an instance. */
export interface SectionDeps {
  /** This instance's id. */
  readonly origin: string
  readonly retryingStore: RetryingStore
  readonly loadBatcher: LoadBatcher
  readonly headPoller: HeadPoller
  readonly bus: ChangeBus
  readonly runtime: Runtime
  readonly metrics: Metrics
  /** Can changes be heard right now, as far as the bus knows? */
  readonly isBusConnected: () => boolean
  readonly emit: (event: SectionRef & SectionEvent) => void
  /** Lets work go on that nobody waits for; its failure becomes an event. */
  readonly background: (ref: SectionRef, work: Promise<unknown>) => void
}

/** The most changes that wait for something: a hole, a load, the joining. */
export const MAX_PENDING_CHANGES = 10_000
