import type { BusHarness, Harness, StoreHarness, SyncHarness } from '../harness/harness.ts'

interface MutantOf<H extends Harness> {
  /** Id of the rule that must catch the mutant. */
  readonly rule: string
  /** Description of the defect, as a verb phrase. */
  readonly name: string
  /** Pattern that the rule's failure message must match. */
  readonly expectedMessage: RegExp
  readonly createHarness: () => Promise<H>
}

/** Deliberately broken adapter, with the rule that must catch it. */
export type Mutant =
  | ({ readonly kind: 'bus' } & MutantOf<BusHarness>)
  | ({ readonly kind: 'store' } & MutantOf<StoreHarness>)
  | ({ readonly kind: 'sync' } & MutantOf<SyncHarness>)
