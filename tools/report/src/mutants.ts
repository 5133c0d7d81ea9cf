import { mutants, type Trial, tryMutant, unproven } from '@sync/conformance/mutants'

/** Tries every mutant at its rule and prints what came of it. False: one escaped, or a MUST rule has none. */
export async function tryAllMutants(only: string, print: (line: string) => void = console.log): Promise<boolean> {
  print('| rule | mutant | caught |\n|---|---|---|')
  const escaped: Trial[] = []
  const tried = mutants.filter(({ rule }) => rule.startsWith(only))
  for (const mutant of tried) {
    const trial = await tryMutant(mutant)
    print(`| ${mutant.rule} | ${mutant.name} | ${trial.caught ? 'yes' : 'NO'} |`)
    if (!trial.caught) escaped.push(trial)
  }
  for (const { mutant, said } of escaped)
    print(`\n${mutant.rule}, ${mutant.name}: expected ${mutant.says}, but it said\n${said}`)
  const bare = unproven(mutants, 'MUST').filter((id) => id.startsWith(only))
  if (bare.length > 0) print(`\nMUST rules without a mutant: ${bare.join(', ')}`)
  print(`\n${tried.length - escaped.length} of ${tried.length} mutants caught`)
  return escaped.length === 0 && bare.length === 0
}
