import type { BusHarness, Harness, StoreHarness, SyncHarness } from '../harness/harness.ts'

interface Common<H extends Harness> {
  /** The rule that has to catch it. */
  readonly rule: string
  /** What it does wrong. */
  readonly name: string
  /** What the failure has to say. */
  readonly says: RegExp
  readonly createHarness: () => Promise<H>
}

/** An adapter with one fault, and how it must be found out. */
export type Mutant =
  | ({ readonly kind: 'bus' } & Common<BusHarness>)
  | ({ readonly kind: 'store' } & Common<StoreHarness>)
  | ({ readonly kind: 'sync' } & Common<SyncHarness>)
