import type { TestContext } from '../context/test-context.ts'
import type { Harness } from '../harness/harness.ts'
import type { Rule } from '../rules/rule.ts'
import { type RuleResult, type RunOptions, runRule, type Suite } from '../run/run.ts'
import { busSuite, storeSuite, syncSuite } from '../run/suites.ts'
import type { Mutant } from './mutant.ts'

/** Result of a mutant's rule. */
export interface MutantResult {
  readonly mutant: Mutant
  /** True if the rule failed with the expected message. */
  readonly caught: boolean
  /** Failure message of the rule, or its status if it did not fail. */
  readonly message: string
  /** Duration in ms. */
  readonly ms: number
}

const suites = { bus: busSuite, store: storeSuite, sync: syncSuite }

/** Returns all rules of all kinds. */
export const allRules = (): readonly Pick<Rule<never>, 'id' | 'level' | 'statement' | 'hint'>[] =>
  Object.values(suites).flatMap(({ rules }) => [...rules])

/** Runs one rule against a mutant. Default: the mutant's own rule. */
export function runRuleOnMutant(
  mutant: Mutant,
  id: string = mutant.rule,
  options: RunOptions = {},
): Promise<RuleResult> {
  const { rules, open } = suites[mutant.kind] as unknown as Suite<Harness, TestContext<Harness>>
  const rule = rules.find((each) => each.id === id)
  if (!rule) throw new Error(`no ${mutant.kind} rule has the id ${id}`)
  return runRule(rule, open, mutant.createHarness, options)
}

/** Runs a mutant's own rule, and checks that it fails with the expected message. */
export async function runMutant(mutant: Mutant, options: RunOptions = {}): Promise<MutantResult> {
  const { status, reason = status, ms } = await runRuleOnMutant(mutant, mutant.rule, options)
  return { mutant, caught: status === 'failed' && mutant.expectedMessage.test(reason), message: reason, ms }
}

/** Returns the ids of the rules of a level for which no mutant exists. */
export function rulesWithoutMutant(mutants: readonly Mutant[], level: 'MUST' | 'SHOULD'): string[] {
  const covered = new Set(mutants.map(({ rule }) => rule))
  return allRules()
    .filter((rule) => rule.level === level && !covered.has(rule.id))
    .map(({ id }) => id)
}
