import type { ConnectionOptions } from 'node:tls'
import type { Duration } from '@sync/core'

/** Brokers to connect to: a URL (`kafka://host1:9092,host2:9093`), or a list of addresses (`host:port`). */
export type KafkaTarget = string | URL | readonly string[]

/** SASL credentials. */
export interface KafkaSasl {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
  readonly username: string
  readonly password: string
}

/** Options of `kafkaBus`. An invalid value throws an ArgumentError (`SYNC_ARGUMENT`). */
export interface KafkaBusOptions {
  /**
   * Client library to use: `kafkajs`, or `@platformatic/kafka`. The package must be installed.
   * @default 'kafkajs'
   */
  readonly client?: 'kafkajs' | 'platformatic'
  /**
   * Name of a partition's topic, in which `{partition}` is replaced by the partition. Without the placeholder all partitions share
   * one topic.
   * @default 'sync.{partition}'
   */
  readonly topic?: string
  /**
   * Number of Kafka partitions of a new topic. An existing topic keeps its number.
   * @default 4
   */
  readonly partitions?: number
  /**
   * Replication factor of a new topic; -1 uses the broker's `default.replication.factor`.
   * @default -1
   */
  readonly replicas?: number
  /**
   * Retention time of a new topic, its `retention.ms`.
   * @default '1h'
   */
  readonly retention?: Duration
  /**
   * Reply timeout, after which the connection is closed and reopened. Also the time for which a publication is retried before it is
   * rejected.
   * @default '3s'
   */
  readonly timeout?: Duration
  /**
   * Maximum frame size in bytes, at least 1,024. The `max.message.bytes` of an existing topic must be 64 KiB higher.
   * @default 983_040
   */
  readonly maxPayloadBytes?: number
  /**
   * TLS: `true`, or connection options of `node:tls`.
   * @default false
   */
  readonly tls?: boolean | ConnectionOptions
  /** SASL credentials. Defaults to those in the URL, or to none. */
  readonly sasl?: KafkaSasl
  /** Called with errors thrown by frame handlers and status listeners. Defaults to rethrowing them as uncaught exceptions. */
  readonly onError?: (error: unknown) => void
}
