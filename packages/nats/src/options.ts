import type { NodeConnectionOptions } from '@nats-io/transport-node'
import type { Duration } from '@sync/core'

/** Where a NATS is: a URL (`nats://host1,host2:4223`), or a connection that is open already. */
export type NatsTarget = string | URL | NatsClientLike

/** A connection of `@nats-io/transport-node`, recognised by its shape. It is not closed here. */
export interface NatsClientLike {
  publish(subject: string, data?: Uint8Array | string): void
  subscribe(subject: string): unknown
  flush(): Promise<void>
  status(): AsyncIterable<{ readonly type: string }>
}

/** How to connect, in the client's own words: token, user and password, authenticator, TLS. */
export type NatsConnectionOptions = Omit<NodeConnectionOptions, 'servers' | 'port'>

/** Options of `natsBus`. Whatever is out of its range is refused with an ArgumentError (`SYNC_ARGUMENT`). */
export interface NatsBusOptions {
  /** `core`: what is published while nobody hears it is gone. `jetstream`: it is kept, and can be read again. Default `core`. */
  readonly transport?: 'core' | 'jetstream'
  /** What subjects and streams begin with: letters, digits, `-` and `_`. Default `sync`. */
  readonly prefix?: string
  /** How long an answer may take; a connection that is silent for so long is opened again. Default 3 s. */
  readonly timeout?: Duration
  /** The largest frame, in bytes. Default: what the server takes. */
  readonly maxPayloadBytes?: number
  /** JetStream: a change older than this leaves the stream of its partition. Default 1 hour. */
  readonly maxAge?: Duration
  /** JetStream: the most frames that a stream keeps. Default 100,000. */
  readonly maxMessages?: number
  /** JetStream: the most bytes that a stream keeps; servers reserve them. Default: no limit of its own. */
  readonly maxBytes?: number
  /** JetStream: how many servers keep a stream. Default 3 in a cluster, else 1. */
  readonly replicas?: number
  /** What the client is to be told in addition. Not for a connection that is given. */
  readonly connection?: NatsConnectionOptions
  /** Takes what a frame handler or status listener threw. Default: thrown again outside of every call. */
  readonly onError?: (error: unknown) => void
}
