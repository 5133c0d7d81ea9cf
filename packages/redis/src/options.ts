import type { Duration } from '@sync/core'

/** Where a Redis is: a URL, options, or a client that is open already. */
export type RedisTarget = string | URL | RedisClientLike

/** A client of ioredis, recognised by its shape. It is not closed here. */
export interface RedisClientLike {
  readonly status: string
  readonly options: object
  call(name: string, ...args: string[]): Promise<unknown>
  duplicate(options: object): unknown
}

/** Options of `redisStore`. Whatever is out of its range is refused with an ArgumentError (`SYNC_ARGUMENT`). */
export interface RedisStoreOptions {
  /** How long a connection may be silent while an answer is due, before it is given up and opened again. Default 3 s. */
  readonly timeout?: Duration
  /** About how many changes a section's log keeps at the most. Default 10,000. */
  readonly maxChanges?: number
  /** A change older than this leaves its section's log at the next commit there; a quiet log goes whole. Default 1 hour. */
  readonly maxAge?: Duration
  /** The most answers that a section's op memory keeps, 2 at least. Never less than the last half of them. Default 100,000. */
  readonly maxAnswers?: number
  /** How many bytes of changes a section's op memory keeps; if reached, it forgets sooner. Default 32 MiB. */
  readonly maxAnswerText?: number
  /** How long the answer to an op id given by the caller is kept. Default 10 minutes. */
  readonly opMemory?: Duration
  /** How many earlier epochs a section remembers. Default 8. */
  readonly lineage?: number
  /** The largest commit request, in bytes of its field texts. Default 16 MiB. */
  readonly maxCommitBytes?: number
}

/** Options of `redisBus`. */
export interface RedisBusOptions {
  /** How long a connection may be silent while an answer is due, before it is given up and opened again. Default 3 s. */
  readonly timeout?: Duration
  /** The largest frame, in bytes. Default 1 MiB. */
  readonly maxPayloadBytes?: number
  /** Takes what a frame handler or status listener threw. Default: thrown again outside of every call. */
  readonly onError?: (error: unknown) => void
}
