import type { BusUnderTest } from './bus-under-test.ts'
import { DOCUMENTS, keyOf } from './changes.ts'

/** Resolves when every change before the n-th is shown: each document shows the last of its own. */
export async function waitForDelivery(bus: BusUnderTest, end: number): Promise<void> {
  const undelivered = Array.from({ length: DOCUMENTS }, (_, at) => end - DOCUMENTS + at)
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
