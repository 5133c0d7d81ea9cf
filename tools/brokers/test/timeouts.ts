import { vi } from 'vitest'

// No test depends on the machine's speed. These limits only end tests whose server never starts.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 300_000 })

/** For state that a server reaches asynchronously. */
export const WAIT_OPTIONS = { timeout: 15_000, interval: 20 } as const
