/**
 * Versions of the servers that tests start, and the Docker images of the same servers. `compose.yaml` and the READMEs name the same
 * ones; a test compares them.
 */
export const IMAGES = {
  redis: 'redis:7.0.15',
  valkey: 'valkey/valkey:8.0.1',
  nats: 'nats:2.15.2-alpine',
  kafka: 'apache/kafka:4.3.1',
} as const

/** Versions that the tests use: the machine's packages of Debian 12, or those that are built or downloaded. */
export const VERSIONS = {
  redis: '7.0.15',
  valkey: '8.0.1',
  nats: '2.15.2',
  'nats-oldest': '2.9.10',
  kafka: '4.3.1',
  'kafka-oldest': '3.3.2',
} as const
