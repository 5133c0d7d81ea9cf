import { vi } from 'vitest'

// Servers start as quickly as the machine lets them: the limits are for those that never do.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 300_000 })

/** For what a server does in its own time. */
export const WAIT_OPTIONS = { timeout: 15_000, interval: 20 } as const
