import type { ConnectionOptions } from 'node:tls'
import type { KafkaSasl } from '../options.ts'

/** Settings of a `KafkaClient`. */
export interface ClientSettings {
  /** Addresses of the bootstrap brokers, as `host:port`. */
  readonly brokers: readonly string[]
  /** Reply timeout in milliseconds. */
  readonly timeout: number
  readonly tls: ConnectionOptions | undefined
  readonly sasl: KafkaSasl | undefined
}
