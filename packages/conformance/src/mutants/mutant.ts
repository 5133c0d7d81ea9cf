import type { BusHarness, Harness, StoreHarness, SyncHarness } from '../harness/harness.ts'

interface MutantOf<H extends Harness> {
  /** The rule that has to catch it. */
  readonly rule: string
  /** What it does wrong. */
  readonly name: string
  /** What the failure has to say. */
  readonly expectedMessage: RegExp
  readonly createHarness: () => Promise<H>
}

/** An adapter with one fault, and how it must be found out. */
export type Mutant =
  | ({ readonly kind: 'bus' } & MutantOf<BusHarness>)
  | ({ readonly kind: 'store' } & MutantOf<StoreHarness>)
  | ({ readonly kind: 'sync' } & MutantOf<SyncHarness>)
