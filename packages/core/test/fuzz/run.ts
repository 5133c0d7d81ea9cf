import { parseArgs } from 'node:util'
import { targetFiles, targetsIn } from './all-targets.ts'
import { fuzzInWorker } from './fuzz-in-worker.ts'

// `pnpm fuzz` gives each target of every package a million inputs. `--seed S --inputs 1` repeats one of them.
const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string', default: '' },
  },
})
const limits = { memory: 96, time: 5_000 }
let failed = 0
for (const file of targetFiles()) {
  for (const name of Object.keys(await targetsIn(file))) {
    if (!name.includes(values.target)) continue
    const started = performance.now()
    try {
      const task = { file, name, inputs: Number(values.inputs), seed: Number(values.seed) }
      const { accepted, rejected } = await fuzzInWorker(task, limits)
      const seconds = Math.round((performance.now() - started) / 1_000)
      console.log(
        `✓ ${name}: ${accepted} accepted, ${rejected} rejected, in ${seconds} s and less than ${limits.memory} MiB`,
      )
    } catch (error) {
      failed++
      console.log(`✗ ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}
if (failed > 0) process.exitCode = 1
