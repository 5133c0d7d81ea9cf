import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { patched } from '../rules/patched.ts'
import type { Edit } from '../rules/rule.ts'
import { rules } from '../rules/table.ts'
import type { Range } from './simulate.ts'

/** A fault that the simulation must notice. */
export interface Plant {
  readonly name: string
  readonly edits: readonly Edit[]
}

const own: readonly Plant[] = [
  {
    name: 'a gap is applied',
    edits: [
      {
        file: 'replica/replica.ts',
        find: 'change.version === this.version + 1',
        replace: 'change.version > this.version',
      },
    ],
  },
  {
    name: 'an echo is applied twice',
    edits: [
      {
        file: 'replica/replica.ts',
        find: 'if (this.known && change.epoch === this.epoch && change.sequence <= this.seen) return false',
        replace: '',
      },
      {
        file: 'replica/replica.ts',
        find: '(buffer[old] as Change).sequence <= this.seen',
        replace: '(buffer[old] as Change).sequence < this.seen',
      },
      {
        file: 'replica/replica.ts',
        find: 'change.sequence > this.seen && this.#isNext(change)',
        replace: 'this.#isNext(change)',
      },
      {
        file: 'replica/replica.ts',
        find: 'change.version === this.version + 1',
        replace: '(change.version === this.version || change.version === this.version + 1)',
      },
    ],
  },
  {
    name: 'a condition on the version is not checked',
    edits: [
      {
        file: 'memory/expectation.ts',
        find: 'version !== undefined && version !== (document?.version ?? 0)',
        replace: 'false',
      },
    ],
  },
]

/** Faults of one's own, and every rule of the protocol switched off. */
export const plants: readonly Plant[] = [...own, ...rules.map(({ name, off }) => ({ name, edits: off }))]

/** Looks for a schedule that fails with a fault planted into the source; prints it as JSON, or `null`. */
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
  const { firstFailure } = await import('./simulate.ts')
  const failure = await firstFailure(range)
  const found = failure && { seed: failure.plan.seed, first: failure.wrong[0] }
  console.log(JSON.stringify(found ?? null))
}
