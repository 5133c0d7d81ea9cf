import type { NodeConnectionOptions } from '@nats-io/transport-node'
import type { Duration } from '@sync/core'

/** NATS servers to connect to: a URL (`nats://host1,host2:4223`), or an open connection of the client. */
export type NatsTarget = string | URL | NatsClientLike

/** A connection of `@nats-io/transport-node`, recognised by its shape. `close` of the bus leaves it open. */
export interface NatsClientLike {
  publish(subject: string, data?: Uint8Array | string): void
  subscribe(subject: string): unknown
  flush(): Promise<void>
  status(): AsyncIterable<{ readonly type: string }>
}

/** Connection options of the client: token, user and password, authenticator, TLS. */
export type NatsConnectionOptions = Omit<NodeConnectionOptions, 'servers' | 'port'>

/** Options of `natsBus`. An invalid value throws an ArgumentError (`SYNC_ARGUMENT`). */
export interface NatsBusOptions {
  /**
   * `core`: plain subjects; changes published while no subscriber is connected are lost. `jetstream`: streams store the changes,
   * so that subscribers can read missed ones.
   * @default 'core'
   */
  readonly transport?: 'core' | 'jetstream'
  /**
   * Prefix of subjects and stream names: 1 to 32 letters, digits, `-` and `_`.
   * @default 'sync'
   */
  readonly prefix?: string
  /**
   * Reply timeout, and how long a call waits for a connection. A connection that is silent for this long is closed and reopened.
   * @default '3s'
   */
  readonly timeout?: Duration
  /**
   * Maximum frame size in bytes, at least 1,024. The server's limit applies as well.
   * @default the server's limit
   */
  readonly maxPayloadBytes?: number
  /**
   * JetStream only: age at which a stream drops changes.
   * @default '1h'
   */
  readonly maxAge?: Duration
  /**
   * JetStream only: maximum number of frames in a stream.
   * @default 100_000
   */
  readonly maxMessages?: number
  /**
   * JetStream only: maximum size of a stream in bytes, at least 1,024. Servers reserve this space.
   * @default no limit
   */
  readonly maxBytes?: number
  /**
   * JetStream only: number of servers that store a stream.
   * @default 3 in a cluster, otherwise 1
   */
  readonly replicas?: number
  /** Additional connection options for the client. Ignored if the target is an open connection. */
  readonly connection?: NatsConnectionOptions
  /** Called with errors thrown by frame handlers and status listeners. Defaults to rethrowing them as uncaught exceptions. */
  readonly onError?: (error: unknown) => void
}
