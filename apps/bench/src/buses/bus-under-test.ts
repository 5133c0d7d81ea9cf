/** One side of a comparison: publishes changes and applies them on a second connection. */
export interface BusUnderTest extends AsyncDisposable {
  /** Publishes `count` changes, beginning with change `from`, in one batch if possible. Resolves at the bus's durability point. */
  publish(from: number, count: number): Promise<void>
  /** Number of the latest change that the subscriber has applied to document `key`; -1 if it has applied none. */
  appliedChange(key: string): number
  /** Sets the listener that is called after each received message is applied. Replaces the previous one. */
  onApplied(listener: () => void): void
}

/** URLs of the broker. Publisher and subscriber use separate connections. */
export interface Endpoints {
  readonly publish: string
  readonly subscribe: string
}

export type OpenBusUnderTest = (endpoints: Endpoints) => Promise<BusUnderTest>
