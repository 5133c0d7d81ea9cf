import { format, Violation } from '../checkers/assertions.ts'
import { type Clock, createClock } from '../context/clock.ts'
import type { TestContext, TestContextOptions } from '../context/test-context.ts'
import { withTimeout } from '../context/with-timeout.ts'
import type { Harness } from '../harness/harness.ts'
import type { Rule } from '../rules/rule.ts'

/** Options for running rules. */
export interface RunOptions {
  /** Seed of all randomness in the rules. A failure reports it. Default 1. */
  readonly seed?: number
  /** Maximum time for which a rule waits for a state, in ms. Default 5,000. */
  readonly stateTimeout?: number
  /** Time after which a running rule is abandoned and counts as failed, in ms of the harness's time. Default 60,000. */
  readonly deadline?: number
}

/** Result of one rule. */
export interface RuleResult {
  readonly id: string
  readonly level: Rule<never>['level']
  readonly statement: string
  readonly status: 'passed' | 'failed' | 'skipped'
  /** Reason for skipping the rule, or a description of the failure. */
  readonly reason?: string
  /** Duration in ms. */
  readonly ms: number
}

/** Opens the test context of a rule on a harness. */
export type OpenContext<H extends Harness, C> = (harness: H, options: TestContextOptions) => Promise<C>

/** All rules of one kind, with the function that opens their test context. */
export interface Suite<H extends Harness, C extends TestContext<H>> {
  readonly rules: readonly Rule<C>[]
  readonly open: OpenContext<H, C>
}

/** Runs one rule on a new harness. Never rejects, and settles within the deadlines of the rule and its clean-up. */
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

/** Maximum time for closing a rule's clients, and for closing its harness, in ms of the harness's time. */
const CLEANUP_TIMEOUT_MS = 20_000

async function runOnce<H extends Harness, C extends TestContext<H>>(
  rule: Rule<C>,
  open: OpenContext<H, C>,
  createHarness: () => Promise<H>,
  { seed = 1, stateTimeout = 5_000, deadline = 60_000 }: RunOptions,
): Promise<RuleOutcome> {
  const failed = (problem: string): RuleOutcome => ({ status: 'failed', reason: describeFailure(rule, problem, seed) })
  const machineClock = createClock(undefined)
  let harness: H
  try {
    harness = await withTimeout(machineClock, deadline, createHarness(), 'createHarness')
  } catch (error) {
    await machineClock.stop()
    return failed(`cannot create the harness: ${describeError(error)}`)
  }
  const clock = createClock(harness.time)
  let context: C | undefined
  let outcome: RuleOutcome
  try {
    context = await withTimeout(clock, deadline, open(harness, { seed, stateTimeout, clock }), 'opening a client')
    const skipped = rule.skip?.(context)
    if (skipped === undefined) {
      await withTimeout(rule.time === 'machine' ? machineClock : clock, deadline, rule.run(context), 'the rule')
      outcome = { status: 'passed' }
    } else outcome = { status: 'skipped', reason: skipped }
  } catch (error) {
    outcome = failed(describeError(error))
  }
  const cleanUpProblem = await cleanUp(clock, harness, context)
  await Promise.all([clock.stop(), machineClock.stop()])
  return cleanUpProblem !== undefined && outcome.status === 'passed' ? failed(cleanUpProblem) : outcome
}

/** Closes the clients, then the harness. Returns a description of the first problem, if any. */
async function cleanUp(
  clock: Clock,
  harness: Harness,
  context: TestContext<Harness> | undefined,
): Promise<string | undefined> {
  let problem: string | undefined
  try {
    const errors = context ? await withTimeout(clock, CLEANUP_TIMEOUT_MS, context.cleanUp(), 'closing the clients') : []
    if (errors.length > 0) problem = `cannot close the clients: ${errors.map(describeError).join('; ')}`
  } catch (error) {
    problem = describeError(error)
  }
  try {
    await withTimeout(clock, CLEANUP_TIMEOUT_MS, harness.close(), 'closing the harness')
  } catch (error) {
    problem ??= describeError(error)
  }
  return problem
}

const describeError = (error: unknown): string =>
  error instanceof Violation ? error.message : `unexpected ${format(error)}`

/** Formats a failure: the rule, the observation, the seed that reproduces it, and the hint. */
function describeFailure({ id, statement, hint }: Rule<never>, problem: string, seed: number): string {
  return `${id}: ${statement}\n  ${problem}\n  seed ${seed}\n  If this fails: ${hint}`
}
