import { type MutantResult, mutants, rulesWithoutMutant, runMutant } from '@sync/conformance/mutants'

/**
 * Runs every mutant's rule, and prints the results. Resolves to true if all mutants were caught and every MUST rule has one.
 * `only` selects rules by the beginning of their ids.
 */
export async function runAllMutants(only: string, print: (line: string) => void = console.log): Promise<boolean> {
  print('| rule | mutant | caught |\n|---|---|---|')
  const survived: MutantResult[] = []
  const selected = mutants.filter(({ rule }) => rule.startsWith(only))
  for (const mutant of selected) {
    const result = await runMutant(mutant)
    print(`| ${mutant.rule} | ${mutant.name} | ${result.caught ? 'yes' : 'NO'} |`)
    if (!result.caught) survived.push(result)
  }
  for (const { mutant, message } of survived)
    print(`\n${mutant.rule}, ${mutant.name}: expected ${mutant.expectedMessage}, got\n${message}`)
  const uncovered = rulesWithoutMutant(mutants, 'MUST').filter((id) => id.startsWith(only))
  if (uncovered.length > 0) print(`\nMUST rules without a mutant: ${uncovered.join(', ')}`)
  print(`\n${selected.length - survived.length} of ${selected.length} mutants caught`)
  return survived.length === 0 && uncovered.length === 0
}
