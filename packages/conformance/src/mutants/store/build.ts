import type { Store } from '@sync/core/adapter'
import type { StoreHarness } from '../../harness/harness.ts'
import { memoryStoreHarness } from '../../harness/memory.ts'
import type { Mutant } from '../mutant.ts'
import { overlayStore } from '../overlay.ts'

/**
 * Returns a function that gives the broken methods of each client. Called once per harness, so that its closure holds the state
 * that clients share.
 */
export type BreakClient = (harness: StoreHarness) => (store: Store, index: number) => Partial<Store>

/** Creates a mutant of the in-memory store. */
export const brokenStore = (rule: string, name: string, expectedMessage: RegExp, breakHarness: BreakClient): Mutant =>
  brokenHarness(rule, name, expectedMessage, (harness) => {
    const breakClient = breakHarness(harness)
    let opened = 0
    return {
      ...harness,
      async open() {
        const store = await harness.open()
        return overlayStore(store, breakClient(store, opened++))
      },
    }
  })

/** Creates a mutant with a broken harness of the in-memory store. */
export const brokenHarness = (
  rule: string,
  name: string,
  expectedMessage: RegExp,
  change: (harness: StoreHarness) => StoreHarness,
): Mutant => ({
  kind: 'store',
  rule,
  name,
  expectedMessage,
  createHarness: async () => change(await memoryStoreHarness()),
})
