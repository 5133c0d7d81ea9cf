// declares AsyncDisposable for callers that compile with an older library
/// <reference lib="esnext.disposable" preserve="true" />
import type { Scope } from '../model/address.ts'
import type { SyncError } from '../model/errors.ts'
import type { EncodedChange } from './wire.ts'

/**
 * Carries changes to other instances. A bus makes instances fresh sooner; it is never the authority, and may lose,
 * repeat and reorder frames.
 *
 * A bus handles opaque frames and addresses. The core's codec (`encodeFrames`) produces the frames, so that every
 * transport carries the same bytes.
 */
export interface ChangeBus extends AsyncDisposable {
  /** Guarantees of this bus. */
  readonly capabilities: BusCapabilities
  /**
   * Publishes changes of one scope, in order. Resolves at the declared durability point.
   * @throws SyncError if the changes were not published
   */
  publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void>
  /**
   * Subscribes to exactly this scope. Resolves once the subscription is live at the broker.
   * @throws OffsetLostError (`SYNC_OFFSET_LOST`) if the bus no longer retains the frames after `options.after`
   */
  subscribe(scope: Scope, onFrame: FrameHandler, options?: SubscribeOptions): Promise<Subscription>
  /** Subscribes to connection status. Returns an unsubscribe function. */
  onStatus(listener: (status: BusStatus) => void): () => void
  /**
   * Subscribes to failures of a part of a bus that consists of several (see `fanout`): the calls that succeeded without
   * that part do not report them. Returns an unsubscribe function.
   */
  onFailure?(listener: (failure: BusFailure) => void): () => void
  /**
   * Describes how a store on the same server publishes changes within the commit. Absent: the writer publishes after
   * the commit.
   */
  readonly inCommit?: InCommitPublisher
  /** Stops all subscriptions and releases the connection. Later calls reject with `SYNC_CLOSED`. */
  close(): Promise<void>
}

/**
 * Describes to an instance's store (`Store.publishInCommit`) how to publish within a commit. If store and bus are one
 * server, commit and publication are one atomic step, and no change is stored without being published. The frames are
 * those of the codec.
 */
export interface InCommitPublisher {
  /**
   * Returns the identity of the server on which a partition's changes are currently published, in the notation of
   * stores of the same kind; `undefined` if no server is reachable.
   */
  serverFor(partition: string): string | undefined
  /** Publication method, by a name that stores of the same kind know. */
  readonly method: string
  /** Maximum frame size in bytes. */
  readonly maxPayloadBytes: number
  /** Approximate number of frames retained per destination, if the bus retains any. */
  readonly maxFrames?: number
  /** Returns the destination (channel, subject or stream) of a scope's changes. */
  destination(scope: Scope): string
}

/**
 * Receives one frame unchanged. Must be synchronous and must not throw. `offset` is the bus's own cursor, if it has
 * one.
 */
export type FrameHandler = (frame: string | Uint8Array, offset?: string) => void

/** A live subscription. */
export interface Subscription extends AsyncDisposable {
  /** Unsubscribes. No frame is delivered after the promise resolves. Idempotent; may be called from inside a handler. */
  stop(): Promise<void>
}

/** Options of a subscription. */
export interface SubscribeOptions {
  /** Stops the subscription, or rejects `subscribe` while it is pending. */
  readonly signal?: AbortSignal
  /**
   * Offset to resume after (requires `replay: 'from-offset'`). `subscribe` rejects with `SYNC_OFFSET_LOST` if the bus
   * no longer retains it.
   */
  readonly after?: string
}

/**
 * Connection status. `interrupted`: changes may be lost from now on. `resumed`: live again; changes published in the
 * meantime may be missing and must be read from the store.
 */
export type BusStatus = 'connected' | 'interrupted' | 'resumed' | 'closed'

/** Failure of one part of a bus that consists of several. */
export interface BusFailure {
  /**
   * `publish`: the part gave up on the changes. `subscribe`: the part does not receive the scope; it keeps retrying if
   * the error is retryable.
   */
  readonly operation: 'publish' | 'subscribe'
  readonly scope: Scope
  /** Number of changes that were not published; 0 for `subscribe`. */
  readonly changes: number
  /** Cause of the failure. */
  readonly error: SyncError
}

/** Guarantees of a bus. The conformance kit verifies each value. */
export interface BusCapabilities {
  /** `at-most-once`: frames may be lost. `at-least-once`: frames may be repeated. */
  readonly delivery: 'at-most-once' | 'at-least-once'
  /** Earlier frames that a subscription receives: none, the retained ones, or those after an offset. */
  readonly replay: 'none' | 'retained' | 'from-offset'
  /** Scope within which frames arrive in the order of publication. */
  readonly ordering: 'none' | 'per-publisher' | 'per-key' | 'per-section'
  /** Guarantee of a resolved `publish`: the frame was sent, received by the server, replicated, or synced to disk. */
  readonly durability: 'sent' | 'server' | 'replicated' | 'synced'
  /** Behaviour of `publish` while the bus is unavailable: wait for the connection, or reject. */
  readonly whenDown: 'wait' | 'reject'
  /**
   * `at-once`: a subscription receives everything published after `subscribe` resolved. `eventually`: interest
   * propagates asynchronously, so the first frames may be missed.
   */
  readonly live: 'at-once' | 'eventually'
  /** Whether a bus delivers an instance's own changes to it. */
  readonly echo: boolean
  /** Maximum frame size in bytes. */
  readonly maxPayloadBytes: number
}
