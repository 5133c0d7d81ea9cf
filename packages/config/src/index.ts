export type { SchemeAdapter, SchemeLoader } from './adapter.ts'
export { ConfigError } from './errors.ts'
export { type OpenOptions, openBus, openStore, openSync } from './open.ts'
export { registerScheme } from './scheme.ts'
