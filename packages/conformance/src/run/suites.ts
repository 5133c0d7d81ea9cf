import { BusTestContext } from '../context/bus-test-context.ts'
import { StoreTestContext } from '../context/store-test-context.ts'
import { SyncTestContext } from '../context/sync-test-context.ts'
import type { BusHarness, StoreHarness, SyncHarness } from '../harness/harness.ts'
import { busRules } from '../rules/bus/index.ts'
import { storeRules } from '../rules/store/index.ts'
import { syncRules } from '../rules/sync/index.ts'
import type { Suite } from './run.ts'

/** Suite of the rules about buses. */
export const busSuite: Suite<BusHarness, BusTestContext> = { rules: busRules, open: BusTestContext.open }

/** Suite of the rules about stores. */
export const storeSuite: Suite<StoreHarness, StoreTestContext> = { rules: storeRules, open: StoreTestContext.open }

/** Suite of the rules about whole stacks. */
export const syncSuite: Suite<SyncHarness, SyncTestContext> = { rules: syncRules, open: SyncTestContext.open }
