import type { SectionRef } from '../model/address.ts'
import type { Runtime } from '../model/runtime.ts'
import type { Follow } from '../model/section-definition.ts'
import type { ChangeBus } from '../transport/bus.ts'
import type { Checker } from './checker.ts'
import type { Counters } from './counters.ts'
import type { SectionEvent } from './events.ts'
import type { MemoryBounds } from './eviction.ts'
import type { Loader } from './loader.ts'
import type { StoreLink } from './store-link.ts'

/** What is followed of a section here, and how. */
export interface SectionOptions {
  readonly ref: SectionRef
  readonly follow: Follow
  /** Equal wherever the section is defined alike. */
  readonly digest: string
  readonly replicate: 'on-read' | 'all'
  /** Milliseconds; `undefined`: documents live for ever. */
  readonly ttl: number | undefined
  readonly sliding: boolean
  readonly memory: MemoryBounds
  /** Milliseconds that an early change waits for its predecessor. */
  readonly reorderWindow: number
}

/** What a section works with: one set for all sections of an instance. */
export interface SectionContext {
  /** This instance's id. */
  readonly origin: string
  readonly link: StoreLink
  readonly loader: Loader
  readonly checker: Checker
  readonly bus: ChangeBus
  readonly runtime: Runtime
  readonly counters: Counters
  /** Can changes be heard right now, as far as the bus knows? */
  readonly hears: () => boolean
  readonly emit: (event: SectionRef & SectionEvent) => void
  /** Lets work go on that nobody waits for; its failure becomes an event. */
  readonly background: (ref: SectionRef, work: Promise<unknown>) => void
}

/** The most changes that wait for something: a hole, a load, the joining. */
export const MOST_WAITING = 10_000
