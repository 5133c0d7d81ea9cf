export { adapter } from './adapter.ts'
export { RedisError } from './errors.ts'
export { redisBus } from './open-bus.ts'
export { redisRelay } from './open-relay.ts'
export { redisStore } from './open-store.ts'
export type {
  RedisBusOptions,
  RedisClientLike,
  RedisConnectionOptions,
  RedisRelay,
  RedisRelayEvent,
  RedisRelayOptions,
  RedisStoreOptions,
  RedisTarget,
} from './options.ts'
