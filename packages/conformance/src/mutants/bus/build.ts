import type { ChangeBus } from '@sync/core/adapter'
import type { BusHarness } from '../../harness/harness.ts'
import { memoryBusHarness } from '../../harness/memory.ts'
import { logBusHarness } from '../log-bus.ts'
import type { Mutant } from '../mutant.ts'

/** Returns a function that breaks clients. Called once per harness, so that its closure holds the state that clients share. */
export type BreakClient = (harness: BusHarness) => (bus: ChangeBus, index: number) => ChangeBus

/** Creates a mutant of the in-memory bus. */
export const brokenMemoryBus = (
  rule: string,
  name: string,
  expectedMessage: RegExp,
  breakHarness: BreakClient,
): Mutant => brokenBus(rule, name, expectedMessage, memoryBusHarness, breakHarness)

/** Creates a mutant of the bus with a log. */
export const brokenLogBus = (rule: string, name: string, expectedMessage: RegExp, breakHarness: BreakClient): Mutant =>
  brokenBus(rule, name, expectedMessage, logBusHarness, breakHarness)

/** Creates a mutant with a broken harness. Default: of the in-memory bus. */
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
