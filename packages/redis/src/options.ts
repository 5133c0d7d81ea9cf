import type { ChangeBus, Duration, SyncError } from '@sync/core'

/** A Redis server or cluster: its URL, or an open client. */
export type RedisTarget = string | URL | RedisClientLike

/** A client of ioredis or node-redis, or a cluster client of either, recognised by its shape. This package never closes it. */
export type RedisClientLike =
  | { readonly status: string; readonly options: object; call(name: string, ...args: string[]): Promise<unknown> }
  | { readonly isReady: boolean; sendCommand(args: string[]): Promise<unknown> }
  | {
      readonly masters: readonly object[]
      readonly nodeByAddress: ReadonlyMap<string, object>
      sendCommand(key: string | undefined, isReadonly: boolean, args: string[]): Promise<unknown>
    }

/** Options of every connection that is opened from a URL. */
export interface RedisConnectionOptions {
  /** Package that connects to a URL: `ioredis` (default), or `redis`, which needs less CPU. It must be installed. */
  readonly client?: 'ioredis' | 'redis'
  /** Reply timeout. A connection that exceeds it is closed and reopened. Default 3 s. */
  readonly timeout?: Duration
}

/** Options of `redisStore`. A value out of range causes an `ArgumentError` (`SYNC_ARGUMENT`). */
export interface RedisStoreOptions extends RedisConnectionOptions {
  /**
   * Partitions on servers of their own, by name. The target has all others. In a URL: `?partition.eu=redis://host:6379`.
   * A URL in this map may only contain `client`, `cluster` and `timeout`; all other options apply to every server.
   */
  readonly partitions?: Readonly<Record<string, RedisTarget>>
  /** Approximate maximum number of changes in a section's log. Default 10,000. */
  readonly maxChanges?: number
  /**
   * Maximum age of a change in a section's log. Older changes are removed by the section's next commit; the log of a section
   * without commits expires as a whole. Default 1 hour.
   */
  readonly maxAge?: Duration
  /** Maximum number of results in a section's op memory, at least 2. The last half of them is always kept. Default 100,000. */
  readonly maxOpResults?: number
  /** Maximum bytes of changes in a section's op memory. At this size it drops results before `maxOpResults`. Default 32 MiB. */
  readonly maxOpResultBytes?: number
  /** Retention of a result under a caller's idempotency key. Default 10 minutes. */
  readonly opResultTtl?: Duration
  /** Number of earlier epochs that a section remembers. Default 8. */
  readonly lineageDepth?: number
  /**
   * Publisher of committed changes.
   * - `writer` (default): the commit itself if the bus is on the same server, otherwise the writer after the commit.
   * - `outbox`: a `redisRelay`, on any bus. Without a running relay nothing is published.
   */
  readonly publish?: 'writer' | 'outbox'
  /** Maximum size of a commit request, in bytes of its field texts. Default 16 MiB. */
  readonly maxCommitBytes?: number
}

/** Options of `redisRelay`. */
export interface RedisRelayOptions extends RedisConnectionOptions {
  /** Bus that receives the changes. Closing the relay does not close it. */
  readonly bus: ChangeBus
  /** Time after which another relay takes over from one that died. At least 100 ms. Default 2 s. */
  readonly lease?: Duration
}

/** An outbox relay. At most one of the relays on a Redis database is active. */
export interface RedisRelay extends AsyncDisposable {
  /** True if this relay holds the lease, as far as it knows. */
  readonly active: boolean
  /**
   * Returns the number of sections with unpublished changes.
   *
   * `since` is the time since which the longest-waiting section has been in the outbox, in ms since 1970 by the server's clock. A
   * section that was published in part counts from then. Absent if no section waits.
   * @throws StoreUnavailableError (`SYNC_STORE_UNAVAILABLE`) if the server is unavailable
   * @throws ClosedError (`SYNC_CLOSED`) after `close`
   */
  backlog(): Promise<{ readonly sections: number; readonly since?: number }>
  /** Calls `listener` for each event. Returns an unsubscribe function. */
  onEvent(listener: (event: RedisRelayEvent) => void): () => void
  /** Finishes the pages in progress and releases the lease, so that another relay takes over immediately. */
  close(): Promise<void>
}

/**
 * Event of a relay.
 * - `active`: the relay has acquired the lease and publishes.
 * - `standby`: the relay has lost or released the lease.
 * - `error`: the store failed or, with a section, reading or publishing that section failed. Emitted once per series of failures;
 *   the relay retries until it succeeds.
 * - `log-truncated`: the section's log no longer has the changes after the cursor. The relay publishes only the section's head, so
 *   that replicas ask the store for the rest; with `subscribeBy: 'document'` it publishes nothing.
 */
export type RedisRelayEvent =
  | { readonly type: 'active' | 'standby' }
  | { readonly type: 'error'; readonly partition?: string; readonly section?: string; readonly error: SyncError }
  | { readonly type: 'log-truncated'; readonly partition: string; readonly section: string }

/** Options of `redisBus`. */
export interface RedisBusOptions extends RedisConnectionOptions {
  /** As in `RedisStoreOptions`. If store and bus have equal maps, each partition's changes are published within its commits. */
  readonly partitions?: Readonly<Record<string, RedisTarget>>
  /**
   * Transport of the changes.
   * - `pubsub` (default): Redis Pub/Sub, which retains nothing.
   * - `streams`: one stream per section, which retains the last frames and can be read again from an offset.
   */
  readonly transport?: 'pubsub' | 'streams'
  /** Maximum frame size in bytes, at least 1,024. Default 1 MiB. */
  readonly maxPayloadBytes?: number
  /** Approximate number of frames that each stream retains (`streams` only). Default 10,000. */
  readonly maxFrames?: number
  /** Called with errors thrown by frame handlers and status listeners. Default: rethrows them as uncaught exceptions. */
  readonly onError?: (error: unknown) => void
}
