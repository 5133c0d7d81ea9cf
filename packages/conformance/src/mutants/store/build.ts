import type { Store } from '@sync/core/adapter'
import type { StoreHarness } from '../../harness/harness.ts'
import { memoryStoreHarness } from '../../harness/memory.ts'
import type { Mutant } from '../mutant.ts'
import { overlayStore } from '../overlay.ts'

/** What makes a client broken. Called once per harness: what clients share lies around the inner function. */
export type BreakClient = (harness: StoreHarness) => (store: Store, index: number) => Partial<Store>

/** A broken in-memory store. */
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

/** A broken harness over the in-memory store. */
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
