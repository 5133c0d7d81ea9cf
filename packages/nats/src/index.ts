export { adapter } from './adapter.ts'
export { NatsError } from './errors.ts'
export { natsBus } from './open-bus.ts'
export type { NatsBusOptions, NatsClientLike, NatsConnectionOptions, NatsTarget } from './options.ts'
