import type { ConnectionOptions } from 'node:tls'
import type { Duration } from '@sync/core'

/** Where a Kafka is: a URL (`kafka://host1:9092,host2:9093`), or the addresses of brokers (`host:port`). */
export type KafkaTarget = string | URL | readonly string[]

/** Who we are, by SASL. */
export interface KafkaSasl {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
  readonly username: string
  readonly password: string
}

/** Options of `kafkaBus`. Whatever is out of its range is refused with an ArgumentError (`SYNC_ARGUMENT`). */
export interface KafkaBusOptions {
  /** Which client carries it: a package that has to be installed. Default `kafkajs`. */
  readonly client?: 'kafkajs' | 'platformatic'
  /** The name of the topic of a partition of ours, which stands for `{partition}`. Without that all share one topic. Default `sync.{partition}`. */
  readonly topic?: string
  /** How many Kafka partitions a topic is made with; one that exists keeps its own number. Default 4. */
  readonly partitions?: number
  /** How many copies a topic is made with; -1: as the broker says. Default -1. */
  readonly replicas?: number
  /** How long a topic that is made here keeps changes: its `retention.ms`. Default 1 hour. */
  readonly retention?: Duration
  /** How long an answer may take before its connection is given up, and a publication before it is refused. Default 3 s. */
  readonly timeout?: Duration
  /** The largest frame, in bytes. A topic that exists has to take 64 KiB more (`max.message.bytes`). Default 960 KiB. */
  readonly maxPayloadBytes?: number
  /** TLS: `true`, or what `node:tls` is to be told. Default: none. */
  readonly tls?: boolean | ConnectionOptions
  /** Default: that of the URL, or none. */
  readonly sasl?: KafkaSasl
  /** Takes what a frame handler or status listener threw. Default: thrown again outside of every call. */
  readonly onError?: (error: unknown) => void
}
