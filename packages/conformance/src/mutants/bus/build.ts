import type { ChangeBus } from '@sync/core/adapter'
import type { BusHarness } from '../../harness/harness.ts'
import { memoryBusHarness } from '../../harness/memory.ts'
import { logBusHarness } from '../log-bus.ts'
import type { Mutant } from '../mutant.ts'

/** What makes a client broken. Called once per harness: what clients share lies around the inner function. */
export type Break = (harness: BusHarness) => (bus: ChangeBus, number: number) => ChangeBus

/** A broken in-memory bus. */
export const memory = (rule: string, name: string, says: RegExp, broken: Break): Mutant =>
  onBase(rule, name, says, memoryBusHarness, broken)

/** A broken bus with a log. */
export const log = (rule: string, name: string, says: RegExp, broken: Break): Mutant =>
  onBase(rule, name, says, logBusHarness, broken)

/** A broken harness over the in-memory bus, or over the one with a log. */
export const harnessed = (
  rule: string,
  name: string,
  says: RegExp,
  change: (harness: BusHarness) => BusHarness,
  base: () => Promise<BusHarness> = memoryBusHarness,
): Mutant => ({ kind: 'bus', rule, name, says, createHarness: async () => change(await base()) })

function onBase(rule: string, name: string, says: RegExp, base: () => Promise<BusHarness>, broken: Break): Mutant {
  const wrap = (harness: BusHarness): BusHarness => {
    const breakClient = broken(harness)
    let opened = 0
    return { ...harness, open: async () => breakClient(await harness.open(), opened++) }
  }
  return harnessed(rule, name, says, wrap, base)
}
