export { adapter } from './adapter.ts'
export { KafkaError } from './errors.ts'
export { kafkaBus } from './open-bus.ts'
export type { KafkaBusOptions, KafkaSasl, KafkaTarget } from './options.ts'
