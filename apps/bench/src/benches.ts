import type { Bench } from './figure.ts'

/** Every bench by its name; loaded only when it runs. */
export const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  core: async () => (await import('./core/index.ts')).core,
  buses: async () => (await import('./buses/index.ts')).buses,
  redis: async () => (await import('./redis/index.ts')).redis,
}
