import type { ConnectionOptions } from 'node:tls'
import type { KafkaSasl } from '../options.ts'

/** What a client is opened with. */
export interface ClientSettings {
  /** Of the brokers that are asked first, `host:port`. */
  readonly brokers: readonly string[]
  /** How long an answer may take, in ms. */
  readonly timeout: number
  readonly tls: ConnectionOptions | undefined
  readonly sasl: KafkaSasl | undefined
}
