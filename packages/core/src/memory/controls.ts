import type { SectionRef } from '../model/address.ts'
import type { ChangeBus } from '../transport/bus.ts'
import type { StoredDocument } from '../transport/store.ts'
import type { EncodedChange } from '../transport/wire.ts'
import type { SectionState } from '../versioning/section-state.ts'

/** Fault controls and inspection of the server behind a hub's stores. For tests, demonstrations and simulations. */
export interface MemoryStoreControls {
  /**
   * Makes every call reject with `SYNC_STORE_UNAVAILABLE`, including paused ones; a commit with `committed: 'unknown'`.
   */
  makeUnavailable(): void
  /** Ends `makeUnavailable`. */
  makeAvailable(): void
  /** Holds all calls, without executing or answering them, until `resume`. */
  pause(): void
  /** Ends `pause` and executes the held calls in order. */
  resume(): void
  /** Executes the next `n` (default 1) `commit` calls, but rejects them as if the replies were lost. */
  loseReplies(n?: number): void
  /**
   * Restarts the server with all its data under a new identity. Each section begins a new epoch when it is next
   * accessed.
   */
  restart(): void
  /**
   * Restarts the server without its last `n` commits over all sections: data, log, sequences, lineage and op memory are
   * restored to their earlier state. Returns the number of lost commits, which is lower if there were fewer.
   * @throws ArgumentError (`SYNC_ARGUMENT`) if `n` exceeds the hub's `maxUndoCommits`
   */
  loseTail(n: number): number
  /**
   * Returns the server's data of a section, without comparing identities; `undefined` if the section was never
   * accessed.
   */
  inspect(section: SectionRef): SectionInspection | undefined
}

/** The server's data of one section. */
export interface SectionInspection {
  /** Current epoch, sequence and lineage. */
  readonly state: SectionState
  /** Existing documents by key. */
  readonly documents: ReadonlyMap<string, StoredDocument>
  /** Number of documents in memory: existing ones, and expired ones that are not freed yet. */
  readonly heldCount: number
  /** The log, oldest change first. */
  readonly changes: readonly EncodedChange[]
}

/**
 * Fault controls of a hub's buses. For tests, demonstrations and simulations.
 *
 * A delivery is one frame on its way to one subscriber. Of a frame with three subscribers, `drop(1)` drops one
 * delivery, that of the oldest subscription; that may be the publisher's own. Name the receiver with `to`. Counts apply
 * to deliveries in order: drops first, then repeats, then reorderings. Counts with `to` apply before those without.
 */
export interface MemoryBusControls {
  /** Drops the next `n` (default 1) deliveries. */
  drop(n?: number, options?: DeliveryFaultOptions<ChangeBus>): void
  /** Repeats the next `n` (default 1) deliveries. */
  repeat(n?: number, options?: DeliveryFaultOptions<ChangeBus>): void
  /**
   * Swaps the next `n` (default 1) deliveries with their successors. A delivery without a successor within 20 ms is
   * sent alone.
   */
  reorder(n?: number, options?: DeliveryFaultOptions<ChangeBus>): void
  /**
   * Drops, repeats or reorders each delivery with these probabilities (default 0 each), drawn from the hub's random
   * source.
   */
  setFaultRates(probabilities: FaultRates): void
  /**
   * Delays each delivery by `ms` (default 0) plus a random time of up to `spread` (default 0). Each subscriber's order
   * is kept.
   */
  delay(ms: number, spread?: number): void
  /** Holds all frames back until `resume`. */
  pause(): void
  /**
   * Disconnects all subscribers. Frames in transit or published from now on do not reach them, although `publish`
   * succeeds; `subscribe` rejects with `SYNC_BUS_UNAVAILABLE`. Every client emits `interrupted`.
   */
  interrupt(): void
  /** Ends `pause` and `interrupt`. After `interrupt` every client emits `resumed`. */
  resume(): void
  /** Makes the broker unavailable: like `interrupt`, and `publish` rejects with `SYNC_BUS_UNAVAILABLE` too. */
  makeUnavailable(): void
  /** Ends `makeUnavailable`. Every client emits `resumed`. */
  makeAvailable(): void
}

/** Receivers of deliveries that fail by count. */
export interface DeliveryFaultOptions<Receiver> {
  /** Only deliveries to this receiver count. Default: all deliveries. */
  readonly to?: Receiver | undefined
}

/** Fault probabilities from 0 to 1. */
export interface FaultRates {
  readonly drop?: number
  readonly repeat?: number
  readonly reorder?: number
}
