export { UnavailableError } from './availability.ts'
export {
  type Availability,
  type BrokerName,
  brokerAvailable,
  canTest,
  canTestPages,
  type TestRequirements,
} from './brokers.ts'
export { findChromium } from './browser/find-chromium.ts'
export { type Certificate, createCertificate } from './certificate.ts'
export type { KafkaServer } from './kafka/broker.ts'
export { type KafkaCluster, type KafkaClusterOptions, startKafkaCluster, type TopicPartition } from './kafka/cluster.ts'
export type { KafkaRelease } from './kafka/find-kafka.ts'
export { type KafkaOptions, startKafka } from './kafka/kafka.ts'
export type { PartitionTruncation } from './kafka/partition-log.ts'
export type { KafkaConnectionOptions } from './kafka/probe.ts'
export { type NatsCluster, type NatsClusterOptions, startNatsCluster } from './nats/cluster.ts'
export type { NatsRelease } from './nats/find-nats.ts'
export { type NatsOptions, type NatsServer, startNats } from './nats/nats.ts'
export type { NatsConnectionOptions } from './nats/probe.ts'
export type { StreamTruncation } from './nats/stream-log.ts'
export { ExternalServerError, type ServerControls } from './process/controls.ts'
export { type LoseReplyOptions, type ProxyOptions, startProxy, type TcpProxy } from './proxy/proxy.ts'
export type { LogTruncation } from './redis/append-only-log.ts'
export { type ClusterOptions, type RedisCluster, startRedisCluster } from './redis/cluster.ts'
export type { RedisFlavor } from './redis/find-redis.ts'
export { type RedisOptions, type RedisServer, startRedis } from './redis/redis.ts'
export type { SlotMove } from './redis/slot-move.ts'
export type { RedisConnectionOptions } from './redis/with-client.ts'
