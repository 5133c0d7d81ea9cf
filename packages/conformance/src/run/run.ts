import { format, Violation } from '../checkers/assertions.ts'
import { type Clock, createClock } from '../context/clock.ts'
import type { TestContext, TestContextOptions } from '../context/test-context.ts'
import { withTimeout } from '../context/with-timeout.ts'
import type { Harness } from '../harness/harness.ts'
import type { Rule } from '../rules/rule.ts'

/** How rules are run. */
export interface RunOptions {
  /** Of all chance in the rules: a failure names it. Default 1. */
  readonly seed?: number
  /** How long a rule waits for a state, in ms. Default 5,000. */
  readonly stateTimeout?: number
  /** After this many ms of the harness's time a rule that does not end is cut off and counts as failed. Default 60,000. */
  readonly deadline?: number
}

/** What became of one rule. */
export interface RuleResult {
  readonly id: string
  readonly level: Rule<never>['level']
  readonly statement: string
  readonly status: 'passed' | 'failed' | 'skipped'
  /** Why it was skipped, or what was seen that must not be. */
  readonly reason?: string
  readonly ms: number
}

/** How a kind of rule gets from a harness to what it works with. */
export type OpenContext<H extends Harness, C> = (harness: H, options: TestContextOptions) => Promise<C>

/** What runs one kind of rules. */
export interface Suite<H extends Harness, C extends TestContext<H>> {
  readonly rules: readonly Rule<C>[]
  readonly open: OpenContext<H, C>
}

/** Runs one rule on a harness of its own. Never rejects, never hangs for longer than its deadline and that of the clean-up. */
export async function runRule<H extends Harness, C extends TestContext<H>>(
  rule: Rule<C>,
  open: OpenContext<H, C>,
  createHarness: () => Promise<H>,
  options: RunOptions = {},
): Promise<RuleResult> {
  const { id, level, statement } = rule
  const started = performance.now()
  const { status, reason } = await runOnce(rule, open, createHarness, options)
  const ms = Math.round(performance.now() - started)
  return { id, level, statement, status, ...(reason !== undefined && { reason }), ms }
}

type RuleOutcome = Pick<RuleResult, 'status' | 'reason'>

/** How long the end of a rule's clients and harness may take, in ms of the harness's time. */
const CLEANUP_TIMEOUT_MS = 20_000

async function runOnce<H extends Harness, C extends TestContext<H>>(
  rule: Rule<C>,
  open: OpenContext<H, C>,
  createHarness: () => Promise<H>,
  { seed = 1, stateTimeout = 5_000, deadline = 60_000 }: RunOptions,
): Promise<RuleOutcome> {
  const failed = (what: string): RuleOutcome => ({ status: 'failed', reason: describeFailure(rule, what, seed) })
  const machineClock = createClock(undefined)
  let harness: H
  try {
    harness = await withinDeadline(machineClock, deadline, createHarness(), 'createHarness')
  } catch (error) {
    await machineClock.stop()
    return failed(`the harness cannot be made: ${describeError(error)}`)
  }
  const clock = createClock(harness.time)
  let context: C | undefined
  let outcome: RuleOutcome
  try {
    context = await withinDeadline(clock, deadline, open(harness, { seed, stateTimeout, clock }), 'opening a client')
    const skipped = rule.skip?.(context)
    if (skipped === undefined) {
      await withinDeadline(rule.time === 'machine' ? machineClock : clock, deadline, rule.run(context), 'the rule')
      outcome = { status: 'passed' }
    } else outcome = { status: 'skipped', reason: skipped }
  } catch (error) {
    outcome = failed(describeError(error))
  }
  const cleanUpProblem = await cleanUp(clock, harness, context)
  await Promise.all([clock.stop(), machineClock.stop()])
  return cleanUpProblem !== undefined && outcome.status === 'passed' ? failed(cleanUpProblem) : outcome
}

/** Ends clients, then the harness. Tells what went wrong, if anything did. */
async function cleanUp(
  clock: Clock,
  harness: Harness,
  context: TestContext<Harness> | undefined,
): Promise<string | undefined> {
  let problem: string | undefined
  try {
    const errors = context
      ? await withinDeadline(clock, CLEANUP_TIMEOUT_MS, context.cleanUp(), 'closing the clients')
      : []
    if (errors.length > 0) problem = `closing fails: ${errors.map(describeError).join('; ')}`
  } catch (error) {
    problem = describeError(error)
  }
  try {
    await withinDeadline(clock, CLEANUP_TIMEOUT_MS, harness.close(), 'closing the harness')
  } catch (error) {
    problem ??= describeError(error)
  }
  return problem
}

const withinDeadline = <T>(clock: Clock, ms: number, work: Promise<T>, what: string): Promise<T> =>
  withTimeout(clock, ms, work, `hangs: ${what} has not ended after ${ms} ms`)

const describeError = (error: unknown): string =>
  error instanceof Violation ? error.message : `unexpected ${format(error)}`

/** What a failure says: the rule, what was seen, how to see it again, where to look. */
function describeFailure({ id, statement, hint }: Rule<never>, what: string, seed: number): string {
  return `${id}: ${statement}\n  ${what}\n  seed ${seed}\n  If this fails: ${hint}`
}
