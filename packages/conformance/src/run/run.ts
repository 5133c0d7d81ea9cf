import type { Harness } from '../harness/harness.ts'
import { show, Violation } from '../judge/violation.ts'
import type { Rule } from '../rules/rule.ts'
import { type Clock, clockOf } from '../stage/clock.ts'
import { settledWithin } from '../stage/settled-within.ts'
import type { Stage, StageOptions } from '../stage/stage.ts'

/** How rules are run. */
export interface RunOptions {
  /** Of all chance in the rules: a failure names it. Default 1. */
  readonly seed?: number
  /** How long a rule waits for a state, in ms. Default 5,000. */
  readonly patience?: number
  /** After this many ms of the harness's time a rule that does not end is cut off and counts as failed. Default 60,000. */
  readonly deadline?: number
}

/** What became of one rule. */
export interface RuleResult {
  readonly id: string
  readonly level: Rule<never>['level']
  readonly sentence: string
  readonly status: 'passed' | 'failed' | 'skipped'
  /** Why it was skipped, or what was seen that must not be. */
  readonly reason?: string
  readonly ms: number
}

/** How a kind of rule gets from a harness to what it works with. */
export type OpenStage<H extends Harness, C> = (harness: H, options: StageOptions) => Promise<C>

/** What runs one kind of rules. */
export interface Suite<H extends Harness, C extends Stage<H>> {
  readonly rules: readonly Rule<C>[]
  readonly open: OpenStage<H, C>
}

/** Runs one rule on a harness of its own. Never rejects, never hangs for longer than its deadline and that of the clean-up. */
export async function runRule<H extends Harness, C extends Stage<H>>(
  rule: Rule<C>,
  open: OpenStage<H, C>,
  createHarness: () => Promise<H>,
  options: RunOptions = {},
): Promise<RuleResult> {
  const { id, level, sentence } = rule
  const started = performance.now()
  const { status, reason } = await attempt(rule, open, createHarness, options)
  const ms = Math.round(performance.now() - started)
  return { id, level, sentence, status, ...(reason !== undefined && { reason }), ms }
}

type Outcome = Pick<RuleResult, 'status' | 'reason'>

/** How long the end of a rule's clients and harness may take, in ms of the harness's time. */
const CLEANUP = 20_000

async function attempt<H extends Harness, C extends Stage<H>>(
  rule: Rule<C>,
  open: OpenStage<H, C>,
  createHarness: () => Promise<H>,
  { seed = 1, patience = 5_000, deadline = 60_000 }: RunOptions,
): Promise<Outcome> {
  const failed = (what: string): Outcome => ({ status: 'failed', reason: describeFailure(rule, what, seed) })
  const machine = clockOf(undefined)
  let harness: H
  try {
    harness = await within(machine, deadline, createHarness(), 'createHarness')
  } catch (error) {
    await machine.stop()
    return failed(`the harness cannot be made: ${said(error)}`)
  }
  const clock = clockOf(harness.time)
  let stage: C | undefined
  let outcome: Outcome
  try {
    stage = await within(clock, deadline, open(harness, { seed, patience, clock }), 'opening a client')
    const skipped = rule.skip?.(stage)
    if (skipped === undefined) {
      await within(rule.time === 'machine' ? machine : clock, deadline, rule.run(stage), 'the rule')
      outcome = { status: 'passed' }
    } else outcome = { status: 'skipped', reason: skipped }
  } catch (error) {
    outcome = failed(said(error))
  }
  const left = await cleanUp(clock, harness, stage)
  await Promise.all([clock.stop(), machine.stop()])
  return left !== undefined && outcome.status === 'passed' ? failed(left) : outcome
}

/** Ends clients, then the harness. Tells what went wrong, if anything did. */
async function cleanUp(clock: Clock, harness: Harness, stage: Stage<Harness> | undefined): Promise<string | undefined> {
  let wrong: string | undefined
  try {
    const errors = stage ? await within(clock, CLEANUP, stage.end(), 'closing the clients') : []
    if (errors.length > 0) wrong = `closing fails: ${errors.map(said).join('; ')}`
  } catch (error) {
    wrong = said(error)
  }
  try {
    await within(clock, CLEANUP, harness.close(), 'closing the harness')
  } catch (error) {
    wrong ??= said(error)
  }
  return wrong
}

const within = <T>(clock: Clock, ms: number, work: Promise<T>, what: string): Promise<T> =>
  settledWithin(clock, ms, work, `hangs: ${what} has not ended after ${ms} ms`)

const said = (error: unknown): string => (error instanceof Violation ? error.message : `unexpected ${show(error)}`)

/** What a failure says: the rule, what was seen, how to see it again, where to look. */
function describeFailure({ id, sentence, hint }: Rule<never>, what: string, seed: number): string {
  return `${id}: ${sentence}\n  ${what}\n  seed ${seed}\n  If this fails: ${hint}`
}
