export { adapter } from './adapter.ts'
export { natsBus } from './bus/index.ts'
export { NatsError } from './errors.ts'
export type { NatsBusOptions, NatsClientLike, NatsConnectionOptions, NatsTarget } from './options.ts'
