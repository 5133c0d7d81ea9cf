/** One of two that do the same: publishes changes, and shows elsewhere what has come of them. */
export interface BusUnderTest extends AsyncDisposable {
  /** Publishes so many changes from the n-th on, together where the side can; resolves at its durability point. */
  publish(from: number, count: number): Promise<void>
  /** Which change of its document is shown where changes are heard; -1: none yet. */
  appliedChange(key: string): number
  /** Calls after each message that was heard and applied. */
  onApplied(listener: () => void): void
}

/** How a side reaches its broker: what is published and what is heard go over connections of their own. */
export interface Endpoints {
  readonly publish: string
  readonly subscribe: string
}

export type OpenBusUnderTest = (ways: Endpoints) => Promise<BusUnderTest>
