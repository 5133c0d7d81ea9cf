import type { ChangeBus } from '@sync/core/adapter'
import type { BusHarness } from '../../harness/harness.ts'
import { memoryBusHarness } from '../../harness/memory.ts'
import { logBusHarness } from '../log-bus.ts'
import type { Mutant } from '../mutant.ts'

/** What makes a client broken. Called once per harness: what clients share lies around the inner function. */
export type BreakClient = (harness: BusHarness) => (bus: ChangeBus, index: number) => ChangeBus

/** A broken in-memory bus. */
export const brokenMemoryBus = (
  rule: string,
  name: string,
  expectedMessage: RegExp,
  breakHarness: BreakClient,
): Mutant => brokenBus(rule, name, expectedMessage, memoryBusHarness, breakHarness)

/** A broken bus with a log. */
export const brokenLogBus = (rule: string, name: string, expectedMessage: RegExp, breakHarness: BreakClient): Mutant =>
  brokenBus(rule, name, expectedMessage, logBusHarness, breakHarness)

/** A broken harness over the in-memory bus, or over the one with a log. */
export const brokenHarness = (
  rule: string,
  name: string,
  expectedMessage: RegExp,
  change: (harness: BusHarness) => BusHarness,
  base: () => Promise<BusHarness> = memoryBusHarness,
): Mutant => ({ kind: 'bus', rule, name, expectedMessage, createHarness: async () => change(await base()) })

function brokenBus(
  rule: string,
  name: string,
  expectedMessage: RegExp,
  base: () => Promise<BusHarness>,
  breakHarness: BreakClient,
): Mutant {
  const wrap = (harness: BusHarness): BusHarness => {
    const breakClient = breakHarness(harness)
    let opened = 0
    return { ...harness, open: async () => breakClient(await harness.open(), opened++) }
  }
  return brokenHarness(rule, name, expectedMessage, wrap, base)
}
