import type { Store } from '@sync/core/adapter'
import type { StoreHarness } from '../../harness/harness.ts'
import { memoryStoreHarness } from '../../harness/memory.ts'
import type { Mutant } from '../mutant.ts'
import { overlayStore } from '../overlay.ts'

/** What makes a client broken. Called once per harness: what clients share lies around the inner function. */
export type Break = (harness: StoreHarness) => (store: Store, number: number) => Partial<Store>

/** A broken in-memory store. */
export const broken = (rule: string, name: string, says: RegExp, of: Break): Mutant =>
  harnessed(rule, name, says, (harness) => {
    const breakClient = of(harness)
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
export const harnessed = (
  rule: string,
  name: string,
  says: RegExp,
  change: (harness: StoreHarness) => StoreHarness,
): Mutant => ({ kind: 'store', rule, name, says, createHarness: async () => change(await memoryStoreHarness()) })
