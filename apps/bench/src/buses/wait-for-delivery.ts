import type { BusUnderTest } from './bus-under-test.ts'
import { DOCUMENTS, keyOf } from './changes.ts'

/** Resolves when every change before change `end` is visible, which is when each document shows its last one. */
export async function waitForDelivery(bus: BusUnderTest, end: number): Promise<void> {
  const undelivered = Array.from({ length: DOCUMENTS }, (_, index) => end - DOCUMENTS + index)
  const delivered = Promise.withResolvers<void>()
  const check = (): void => {
    for (let n = undelivered.at(-1); n !== undefined && bus.appliedChange(keyOf(n)) >= n; n = undelivered.at(-1))
      undelivered.pop()
    if (undelivered.length === 0) delivered.resolve()
  }
  bus.onApplied(check)
  check()
  await delivered.promise
  bus.onApplied(() => {})
}
