import type { TestContext } from '../context/test-context.ts'
import type { Harness } from '../harness/harness.ts'
import type { Rule } from '../rules/rule.ts'
import { type RuleResult, type RunOptions, runRule, type Suite } from '../run/run.ts'
import { busSuite, storeSuite, syncSuite } from '../run/suites.ts'
import type { Mutant } from './mutant.ts'

/** What became of a mutant at the rule that has to catch it. */
export interface MutantResult {
  readonly mutant: Mutant
  readonly caught: boolean
  /** What the rule said. */
  readonly message: string
  readonly ms: number
}

/** The rules of each kind. */
const suites = { bus: busSuite, store: storeSuite, sync: syncSuite }

/** Every rule there is. */
export const allRules = (): readonly Pick<Rule<never>, 'id' | 'level' | 'statement' | 'hint'>[] =>
  Object.values(suites).flatMap(({ rules }) => [...rules])

/** Runs one rule against a mutant. */
export function runRuleOnMutant(
  mutant: Mutant,
  id: string = mutant.rule,
  options: RunOptions = {},
): Promise<RuleResult> {
  const { rules, open } = suites[mutant.kind] as unknown as Suite<Harness, TestContext<Harness>>
  const rule = rules.find((each) => each.id === id)
  if (!rule) throw new Error(`there is no rule ${id}`)
  return runRule(rule, open, mutant.createHarness, options)
}

/** Tries whether a mutant is caught, in its own rule and with the expected words. */
export async function runMutant(mutant: Mutant, options: RunOptions = {}): Promise<MutantResult> {
  const { status, reason = status, ms } = await runRuleOnMutant(mutant, mutant.rule, options)
  return { mutant, caught: status === 'failed' && mutant.expectedMessage.test(reason), message: reason, ms }
}

/** The rules of this level that no mutant has proven. */
export function rulesWithoutMutant(mutants: readonly Mutant[], level: 'MUST' | 'SHOULD'): string[] {
  const covered = new Set(mutants.map(({ rule }) => rule))
  return allRules()
    .filter((rule) => rule.level === level && !covered.has(rule.id))
    .map(({ id }) => id)
}
