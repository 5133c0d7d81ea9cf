export { adapter } from './adapter.ts'
export { redisBus } from './bus/index.ts'
export { RedisError } from './errors.ts'
export type {
  RedisBusOptions,
  RedisClientLike,
  RedisConnectionOptions,
  RedisStoreOptions,
  RedisTarget,
} from './options.ts'
export { redisStore } from './store/index.ts'
