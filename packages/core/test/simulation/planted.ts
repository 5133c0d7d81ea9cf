import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { patched } from '../rules/patched.ts'
import { rules } from '../rules/table.ts'
import type { Range } from './first-failure.ts'
import { own, type Plant } from './plants.ts'
import { unseen } from './unseen.ts'

/** Faults beside the rules, and every rule switched off that shows in a history. */
export const plants: readonly Plant[] = [
  ...own,
  ...rules.filter(({ name }) => !unseen.has(name)).map(({ name, off }) => ({ name, edits: off })),
]

/** Looks for a schedule that fails with a fault planted into the source; prints it as JSON, or `null`; and, as errors, where it is. */
export async function withPlanted(name: string, range: Range): Promise<void> {
  const plant = plants.find((each) => each.name === name)
  if (!plant) throw new Error(`no such fault: ${name}`)
  const texts = patched(plant.edits)
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
  const { judge, shrink } = await import('./shrink.ts')
  const { plan, wrong } = failure
  const { history, wrong: still } = await shrink(plan)
  const again = (await judge(plan)).join() === wrong.join()
  console.log(JSON.stringify({ seed: plan.seed, first: wrong[0], again, shrunken: { history, wrong: still } }))
}
