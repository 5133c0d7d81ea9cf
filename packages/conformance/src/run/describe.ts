import { Violation } from '../checkers/assertions.ts'
import type { TestContext } from '../context/test-context.ts'
import type { BusHarness, Harness, StoreHarness, SyncHarness } from '../harness/harness.ts'
import { type RunOptions, runRule, type Suite } from './run.ts'
import { busSuite, storeSuite, syncSuite } from './suites.ts'

/** What a test may do to itself, in `vitest` as in `node:test`. */
export interface TestHandle {
  skip(reason?: string): void
}

/** A test runner's own `describe` and `it`: those of `vitest` and of `node:test` fit. */
export interface Runner {
  readonly describe: (name: string, define: () => void) => unknown
  /** `vitest` takes a time-out in ms as third argument, `node:test` none. */
  // biome-ignore lint/suspicious/noExplicitAny: each runner's test function gets a handle of its own kind
  readonly it: (name: string, run: (handle: any) => Promise<void>, timeout?: number) => unknown
}

/** What is to be described. */
export interface DescribeOptions<H extends Harness> extends RunOptions {
  readonly name: string
  readonly createHarness: () => Promise<H>
  readonly runner: Runner
}

/** Every rule about a bus, as a test each. A rule that cannot be run is skipped with its reason; if all are, the last test fails. */
export const describeBusConformance = (options: DescribeOptions<BusHarness>): void => describeSuite(busSuite, options)

/** Every rule about a store, as a test each. */
export const describeStoreConformance = (options: DescribeOptions<StoreHarness>): void =>
  describeSuite(storeSuite, options)

/** Every rule about a whole stack, as a test each. */
export const describeSyncConformance = (options: DescribeOptions<SyncHarness>): void =>
  describeSuite(syncSuite, options)

/** The rule's own deadline is the one that counts; the runner's comes after it and the clean-up. */
const TIMEOUT_MARGIN_MS = 60_000

function describeSuite<H extends Harness, C extends TestContext<H>>(
  { rules, open }: Suite<H, C>,
  { name, createHarness, runner: { describe, it }, ...options }: DescribeOptions<H>,
): void {
  const timeout = (options.deadline ?? 60_000) + TIMEOUT_MARGIN_MS
  describe(`conformance of ${name}`, () => {
    let executed = 0
    for (const rule of rules) {
      const run = async (handle: TestHandle): Promise<void> => {
        const { status, reason } = await runRule(rule, open, createHarness, options)
        if (status === 'skipped') return handle.skip(reason)
        executed++
        if (status === 'failed') throw new Violation(reason ?? rule.id)
      }
      it(`${rule.id} ${rule.statement}`, run, timeout)
    }
    it('at least one rule was executed', async () => {
      if (executed === 0) throw new Violation(`no rule was executed for ${name}: is there anything to test?`)
    })
  })
}
