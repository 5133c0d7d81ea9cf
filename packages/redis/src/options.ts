import type { ChangeBus, Duration, SyncError } from '@sync/core'

/** Where a Redis is: a URL, options, or a client that is open already. */
export type RedisTarget = string | URL | RedisClientLike

/** A client of ioredis or of node-redis, or of either for a cluster, recognised by its shape. It is not closed here. */
export type RedisClientLike =
  | { readonly status: string; readonly options: object; call(name: string, ...args: string[]): Promise<unknown> }
  | { readonly isReady: boolean; sendCommand(args: string[]): Promise<unknown> }
  | {
      readonly masters: readonly object[]
      readonly nodeByAddress: ReadonlyMap<string, object>
      sendCommand(key: string | undefined, isReadonly: boolean, args: string[]): Promise<unknown>
    }

/** What connections to a URL have in common. */
export interface RedisConnectionOptions {
  /** The package that opens a URL: `ioredis` (default), or `redis`, which needs less CPU. It has to be installed. */
  readonly client?: 'ioredis' | 'redis'
  /** How long a connection may be silent while an answer is due, before it is given up and opened again. Default 3 s. */
  readonly timeout?: Duration
}

/** Options of `redisStore`. Whatever is out of its range is refused with an ArgumentError (`SYNC_ARGUMENT`). */
export interface RedisStoreOptions extends RedisConnectionOptions {
  /**
   * Partitions that lie elsewhere than at the target, which has all others. In a URL: `?partition.eu=redis://host:6379`. What
   * else there is to say is said once, for all; a URL here may only say how it is reached (`client`, `cluster`, `timeout`).
   */
  readonly partitions?: Readonly<Record<string, RedisTarget>>
  /** About how many changes a section's log keeps at the most. Default 10,000. */
  readonly maxChanges?: number
  /** A change older than this leaves its section's log at the next commit there; a quiet log goes whole. Default 1 hour. */
  readonly maxAge?: Duration
  /** The most answers that a section's op memory keeps, 2 at least. Never less than the last half of them. Default 100,000. */
  readonly maxOpResults?: number
  /** How many bytes of changes a section's op memory keeps; if reached, it forgets sooner. Default 32 MiB. */
  readonly maxOpResultBytes?: number
  /** How long the answer to an op id given by the caller is kept. Default 10 minutes. */
  readonly opResultTtl?: Duration
  /** How many earlier epochs a section remembers. Default 8. */
  readonly lineageDepth?: number
  /**
   * Who sends what is committed. `writer` (default): the commit itself where the bus is on the same server, else its writer
   * after it. `outbox`: a `redisRelay`, on whatever bus; without one nothing is sent.
   */
  readonly publish?: 'writer' | 'outbox'
  /** The largest commit request, in bytes of its field texts. Default 16 MiB. */
  readonly maxCommitBytes?: number
}

/** Options of `redisRelay`. */
export interface RedisRelayOptions extends RedisConnectionOptions {
  /** Where the changes go. Stays open when the relay is closed. */
  readonly bus: ChangeBus
  /** How long a relay that has ended without a word is waited for, before another one takes over. Default 2 s, 100 ms at least. */
  readonly lease?: Duration
}

/** A relay: takes turns with others on the same Redis. */
export interface RedisRelay extends AsyncDisposable {
  /** Is it this one that works now, as far as it knows? */
  readonly active: boolean
  /**
   * How many sections have changes that were not sent, and since when (ms since 1970, of the server's clock) the one waits that
   * waits longest, or was last worked on.
   */
  backlog(): Promise<{ readonly sections: number; readonly since?: number }>
  /** Calls `listener` for what happens. The returned function ends it. */
  onEvent(listener: (event: RedisRelayEvent) => void): () => void
  /** Finishes what is under way, and leaves the rest to others at once. */
  close(): Promise<void>
}

/**
 * What happens to a relay. `active`: it works from now on; `standby`: it waits for the lease. `failed`: the store, or with a
 * section the bus, did not take it; it is told once, and tried until it does. `log-truncated`: the section's log no longer had what was to be
 * sent; those who follow it were told to ask the store.
 */
export type RedisRelayEvent =
  | { readonly type: 'active' | 'standby' }
  | { readonly type: 'error'; readonly partition?: string; readonly section?: string; readonly error: SyncError }
  | { readonly type: 'log-truncated'; readonly partition: string; readonly section: string }

/** Options of `redisBus`. */
export interface RedisBusOptions extends RedisConnectionOptions {
  /** As of a store: where both are given the same, each partition's changes are published within its commits. */
  readonly partitions?: Readonly<Record<string, RedisTarget>>
  /**
   * What carries the changes. `pubsub` (default): Redis Pub/Sub, which keeps nothing. `streams`: a stream per section, which keeps
   * the last frames and can be read again from an offset.
   */
  readonly transport?: 'pubsub' | 'streams'
  /** The largest frame, in bytes. Default 1 MiB. */
  readonly maxPayloadBytes?: number
  /** About how many frames a stream keeps (`streams`). Default 10,000. */
  readonly maxFrames?: number
  /** Takes what a frame handler or status listener threw. Default: thrown again outside of every call. */
  readonly onError?: (error: unknown) => void
}
