export type { SchemeAdapter, SchemeLoader } from './adapter.ts'
export { ConfigError } from './errors.ts'
export { type ConnectOptions, connect, diagnose, listSections, openBus, openStore } from './open.ts'
export { registerScheme } from './scheme.ts'
