export { adapter } from './adapter.ts'
export { redisBus } from './bus/index.ts'
export { RedisError } from './errors.ts'
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
export { redisRelay } from './relay/index.ts'
export { redisStore } from './store/index.ts'
