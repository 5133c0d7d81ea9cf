import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { applyEdits } from '../rules/apply-edits.ts'
import { rules } from '../rules/table.ts'
import type { SeedRange } from './first-failure.ts'
import { otherBugs, type PlantedBug } from './planted-bugs.ts'
import { undetectable } from './undetectable.ts'

/** All planted bugs: every rule switched off whose absence the simulation can detect, and the other bugs. */
export const plantedBugs: readonly PlantedBug[] = [
  ...otherBugs,
  ...rules.filter(({ name }) => !undetectable.has(name)).map(({ name, edits }) => ({ name, edits })),
]

/** Plants a bug and searches for a failing schedule. Prints it to stdout as JSON, or `null`, and each seed to stderr. */
export async function runPlantedBug(name: string, range: SeedRange): Promise<void> {
  const bug = plantedBugs.find((one) => one.name === name)
  if (!bug) throw new Error(`--fault: expected the name of a planted bug, got "${name}"`)
  const texts = applyEdits(bug.edits)
  registerHooks({
    load(url, context, next) {
      const source = url.startsWith('file:') ? texts.get(fileURLToPath(url)) : undefined
      return source === undefined ? next(url, context) : { format: 'module-typescript', source, shortCircuit: true }
    },
  })
  // the checker must find the bug, not the process by crashing
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
  const { history, problems: remaining } = await shrink(plan)
  const isReproducible = (await problemsOf(plan)).join() === problems.join()
  console.log(
    JSON.stringify({ seed: plan.seed, first: problems[0], isReproducible, shrunken: { history, problems: remaining } }),
  )
}
