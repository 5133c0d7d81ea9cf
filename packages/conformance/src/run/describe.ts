import { Violation } from '../checkers/assertions.ts'
import type { TestContext } from '../context/test-context.ts'
import type { BusHarness, Harness, StoreHarness, SyncHarness } from '../harness/harness.ts'
import { type RunOptions, runRule, type Suite } from './run.ts'
import { busSuite, storeSuite, syncSuite } from './suites.ts'

/** Handle that `vitest` and `node:test` pass to a test. */
export interface TestHandle {
  /** Marks the test as skipped. */
  skip(reason?: string): void
}

/** A test runner's `describe` and `it`, such as those of `vitest` or `node:test`. */
export interface Runner {
  readonly describe: (name: string, define: () => void) => unknown
  /** Defines a test. `vitest` uses the third argument as timeout in ms; `node:test` ignores it. */
  // biome-ignore lint/suspicious/noExplicitAny: each runner passes its own type of handle
  readonly it: (name: string, run: (handle: any) => Promise<void>, timeout?: number) => unknown
}

/** Options of `describeBusConformance`, `describeStoreConformance` and `describeSyncConformance`. */
export interface DescribeOptions<H extends Harness> extends RunOptions {
  /** Name of the adapter, for the title. */
  readonly name: string
  /** Creates the harness of one rule. */
  readonly createHarness: () => Promise<H>
  readonly runner: Runner
}

/**
 * Defines one test for every rule about buses. A rule that does not apply is skipped with a reason; if all are, the last test
 * fails.
 */
export const describeBusConformance = (options: DescribeOptions<BusHarness>): void => describeSuite(busSuite, options)

/** Defines one test for every rule about stores. A rule that does not apply is skipped with a reason. */
export const describeStoreConformance = (options: DescribeOptions<StoreHarness>): void =>
  describeSuite(storeSuite, options)

/** Defines one test for every rule about whole stacks. A rule that does not apply is skipped with a reason. */
export const describeSyncConformance = (options: DescribeOptions<SyncHarness>): void =>
  describeSuite(syncSuite, options)

/** Time for clean-up between a rule's deadline and the runner's timeout, in ms, so that the rule reports its own timeout. */
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
    it('executes at least one rule', async () => {
      if (executed === 0)
        throw new Violation(`${name}: expected at least one executed rule, got none; check the harness`)
    })
  })
}
