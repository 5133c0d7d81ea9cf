import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { applyEdits } from '../rules/apply-edits.ts'
import { rules } from '../rules/table.ts'
import type { SeedRange } from './first-failure.ts'
import { type Mutant, ownMutants } from './mutants.ts'
import { undetectable } from './undetectable.ts'

/** Faults beside the rules, and every rule switched off that shows in a history. */
export const mutants: readonly Mutant[] = [
  ...ownMutants,
  ...rules.filter(({ name }) => !undetectable.has(name)).map(({ name, edits }) => ({ name, edits: edits })),
]

/** Looks for a schedule that fails with a fault planted into the source; prints it as JSON, or `null`; and, as errors, where it is. */
export async function runMutant(name: string, range: SeedRange): Promise<void> {
  const plant = mutants.find((each) => each.name === name)
  if (!plant) throw new Error(`no such fault: ${name}`)
  const texts = applyEdits(plant.edits)
  registerHooks({
    load(url, context, next) {
      const source = url.startsWith('file:') ? texts.get(fileURLToPath(url)) : undefined
      return source === undefined ? next(url, context) : { format: 'module-typescript', source, shortCircuit: true }
    },
  })
  // the auditor has to notice, not the process
  process.on('unhandledRejection', () => {})
  process.on('uncaughtException', () => {})
  const { firstFailure } = await import('./first-failure.ts')
  const failure = await firstFailure(range, (seed) => console.error(seed))
  if (!failure) {
    console.log('null')
    return
  }
  const { problemsOf, shrink } = await import('./shrink.ts')
  const { plan, problems } = failure
  const { history, wrong: still } = await shrink(plan)
  const isReproducible = (await problemsOf(plan)).join() === problems.join()
  console.log(
    JSON.stringify({ seed: plan.seed, first: problems[0], isReproducible, shrunken: { history, wrong: still } }),
  )
}
