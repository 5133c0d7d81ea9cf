import type { BusHarness, StoreHarness, SyncHarness } from '../harness/harness.ts'
import { busRules } from '../rules/bus/index.ts'
import { storeRules } from '../rules/store/index.ts'
import { syncRules } from '../rules/sync/index.ts'
import { BusStage } from '../stage/bus-stage.ts'
import { StoreStage } from '../stage/store-stage.ts'
import { SyncStage } from '../stage/sync-stage.ts'
import type { Suite } from './run.ts'

/** What is asked of a bus. */
export const busSuite: Suite<BusHarness, BusStage> = { rules: busRules, open: BusStage.open }

/** What is asked of a store. */
export const storeSuite: Suite<StoreHarness, StoreStage> = { rules: storeRules, open: StoreStage.open }

/** What is asked of a whole stack. */
export const syncSuite: Suite<SyncHarness, SyncStage> = { rules: syncRules, open: SyncStage.open }
