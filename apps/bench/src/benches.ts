import type { Bench } from './figure.ts'

/** Loaders of all benches, by name. A bench's modules are imported only when it runs. */
export const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  core: async () => (await import('./core/index.ts')).core,
  buses: async () => (await import('./buses/index.ts')).buses,
  redis: async () => (await import('./redis/index.ts')).redis,
}
