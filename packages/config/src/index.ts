export type { SchemeAdapter, SchemeLoader } from './adapter.ts'
export { ConfigError } from './errors.ts'
export { type ConnectOptions, openBus, openStore, connect } from './open.ts'
export { registerScheme } from './scheme.ts'
