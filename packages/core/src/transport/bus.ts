import type { Scope } from '../model/address.ts'
import type { SyncError } from '../model/errors.ts'
import type { EncodedChange } from './wire.ts'

/**
 * Carries changes to other instances: a hint of freshness, never the authority.
 *
 * A bus sees bytes and an address. Frames are made by the core's codec (`frames`), so that every medium carries the same.
 */
export interface ChangeBus extends AsyncDisposable {
  readonly capabilities: BusCapabilities
  /** Sends changes of one scope, in order. Resolves at the declared durability point, else rejects with a `SyncError`. */
  publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void>
  /** Hears exactly what is published to this scope. Resolves only when live at the broker. */
  subscribe(scope: Scope, onFrame: FrameHandler, options?: SubscribeOptions): Promise<Subscription>
  /** Tells of the connection's ups and downs; the returned function ends it. */
  onStatus(listener: (status: BusStatus) => void): () => void
  /**
   * Of a bus that goes on though a part of it failed (see `fanout`): tells what that part did not do, and no call rejected
   * with. The returned function ends it.
   */
  onFailure?(listener: (failure: BusFailure) => void): () => void
  /** How a store on the same server sends a commit's changes within the commit. Absent: the writer publishes after it. */
  readonly inCommit?: InCommitPublisher
  close(): Promise<void>
}

/**
 * Offered to the store of an instance (`Store.publishInCommit`): where both are one server, a commit and its publication are one
 * step, and nothing can be stored without being sent. The frames are those of the codec.
 */
export interface InCommitPublisher {
  /** Which server a partition's changes are published on now, as a store of its kind names it; `undefined`: none can be reached. */
  serverFor(partition: string): string | undefined
  /** How it publishes there, by a name that stores of its kind know. */
  readonly method: string
  readonly maxPayloadBytes: number
  /** About how many frames are kept at a destination, where any are. */
  readonly maxFrames?: number
  /** Where a scope's changes go. */
  destination(scope: Scope): string
}

/** Takes one frame as it came. Synchronous; must not throw. `offset` is the bus's own cursor, where it has one. */
export type FrameHandler = (frame: string | Uint8Array, offset?: string) => void

/** A live subscription. */
export interface Subscription extends AsyncDisposable {
  /** Ends it: nothing is handed over after this resolves. May be called twice, and from inside a handler. */
  stop(): Promise<void>
}

/** Options of a subscription. */
export interface SubscribeOptions {
  readonly signal?: AbortSignal
  /** Begin after this offset (`replay: 'from-offset'`); one that is no longer kept is refused with `SYNC_OFFSET_LOST`. */
  readonly after?: string
}

/** `interrupted`: changes may be lost from now on. `resumed`: live again; what was missed has to be asked for. */
export type BusStatus = 'connected' | 'interrupted' | 'resumed' | 'closed'

/** What a part of a bus did not do. */
export interface BusFailure {
  /** `publish`: it gave up on these changes. `subscribe`: it does not hear this scope, and goes on trying if that may help. */
  readonly operation: 'publish' | 'subscribe'
  readonly scope: Scope
  /** How many changes were given up; 0 of a subscription. */
  readonly changes: number
  readonly error: SyncError
}

/** What a bus can do, as values that the conformance kit holds it to. */
export interface BusCapabilities {
  readonly delivery: 'at-most-once' | 'at-least-once'
  readonly replay: 'none' | 'retained' | 'from-offset'
  readonly ordering: 'none' | 'per-publisher' | 'per-key' | 'per-section'
  /** What has happened when `publish` resolves. */
  readonly durability: 'sent' | 'server' | 'replicated' | 'synced'
  readonly whenDown: 'wait' | 'reject'
  /** Does a subscription hear everything published after `subscribe` resolved, or does interest spread asynchronously? */
  readonly live: 'at-once' | 'eventually'
  /** Does an instance hear its own changes? */
  readonly echo: boolean
  /** The largest frame, in bytes. */
  readonly maxPayloadBytes: number
}
