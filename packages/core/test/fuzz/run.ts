import { readInteger, runCommand, UsageError } from '@sync/command-line'
import { targetFiles, targetsIn } from './all-targets.ts'
import { fuzzInWorker } from './fuzz-in-worker.ts'

const DEFAULT_INPUTS = '1000000'
const DEFAULT_SEED = '1'

const USAGE = `Usage: pnpm fuzz [--target TEXT] [--inputs N] [--seed N]

Gives random inputs to the parsers of every package. Each must accept or reject an input within its limits of time and memory.

  --target TEXT  only targets whose names contain TEXT (default: all)
  --inputs N     inputs per target (default ${DEFAULT_INPUTS})
  --seed N       seed of the first input; each further input has the next one (default ${DEFAULT_SEED})

Examples:
  pnpm fuzz --target decoder
  pnpm fuzz --target decoder --seed 4711 --inputs 1    repeats one input

Exit code: 0 no target failed · 1 a target failed · 2 invalid command line`

const LIMITS = { memory: 96, time: 5_000 }

process.exitCode = await runCommand(
  {
    usage: USAGE,
    options: { inputs: 'text', seed: 'text', target: 'text' },
    run: ({ values: { inputs = DEFAULT_INPUTS, seed = DEFAULT_SEED, target = '' } }) =>
      fuzzTargets(target, { inputs: readInteger('inputs', inputs), seed: readInteger('seed', seed) }),
  },
  process.argv.slice(2),
)

/** Fuzzes the targets whose names contain `text`, and prints a line for each. Resolves to the exit code. */
async function fuzzTargets(text: string, amount: { readonly inputs: number; readonly seed: number }): Promise<number> {
  const tasks: { readonly file: string; readonly name: string }[] = []
  for (const file of targetFiles())
    for (const name of Object.keys(await targetsIn(file))) if (name.includes(text)) tasks.push({ file, name })
  if (tasks.length === 0)
    throw new UsageError(`--target: expected a part of a target's name, got ${JSON.stringify(text)}. See --help`)
  let failed = 0
  for (const { file, name } of tasks) {
    const started = performance.now()
    try {
      const { accepted, rejected } = await fuzzInWorker({ file, name, ...amount }, LIMITS)
      const seconds = Math.round((performance.now() - started) / 1_000)
      console.log(
        `✓ ${name}: ${accepted} accepted, ${rejected} rejected, in ${seconds} s and less than ${LIMITS.memory} MiB`,
      )
    } catch (error) {
      failed++
      console.log(`✗ ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return failed === 0 ? 0 : 1
}
