import type { Harness } from '../harness/harness.ts'
import type { Rule } from '../rules/rule.ts'
import { type RuleResult, type RunOptions, runRule, type Suite } from '../run/run.ts'
import { busSuite, storeSuite, syncSuite } from '../run/suites.ts'
import type { Stage } from '../stage/stage.ts'
import type { Mutant } from './mutant.ts'

/** What became of a mutant at the rule that has to catch it. */
export interface Trial {
  readonly mutant: Mutant
  readonly caught: boolean
  /** What the rule said. */
  readonly said: string
  readonly ms: number
}

/** The rules of each kind. */
const suites = { bus: busSuite, store: storeSuite, sync: syncSuite }

/** Every rule there is. */
export const allRules = (): readonly Pick<Rule<never>, 'id' | 'level' | 'sentence' | 'hint'>[] =>
  Object.values(suites).flatMap(({ rules }) => [...rules])

/** Runs one rule against a mutant. */
export function runAgainst(mutant: Mutant, id: string = mutant.rule, options: RunOptions = {}): Promise<RuleResult> {
  const { rules, open } = suites[mutant.kind] as unknown as Suite<Harness, Stage<Harness>>
  const rule = rules.find((each) => each.id === id)
  if (!rule) throw new Error(`there is no rule ${id}`)
  return runRule(rule, open, mutant.createHarness, options)
}

/** Tries whether a mutant is caught, in its own rule and with the expected words. */
export async function tryMutant(mutant: Mutant, options: RunOptions = {}): Promise<Trial> {
  const { status, reason = status, ms } = await runAgainst(mutant, mutant.rule, options)
  return { mutant, caught: status === 'failed' && mutant.says.test(reason), said: reason, ms }
}

/** The rules of this level that no mutant has proven. */
export function unproven(mutants: readonly Mutant[], level: 'MUST' | 'SHOULD'): string[] {
  const proven = new Set(mutants.map(({ rule }) => rule))
  return allRules()
    .filter((rule) => rule.level === level && !proven.has(rule.id))
    .map(({ id }) => id)
}
