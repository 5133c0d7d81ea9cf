import { availableParallelism } from 'node:os'
import { readChoice, readInteger, runCommand } from '@sync/command-line'
import type { SeedRange } from './first-failure.ts'
import { plantedBugs, runPlantedBug } from './run-planted-bug.ts'

const DEFAULT_SEED = '1'
const DEFAULT_SEEDS = '2000'

const USAGE = `Usage: pnpm simulate [OPTIONS]

Runs random schedules of faults on a virtual clock, and checks that nothing is lost or wrong.

  --seeds N      number of schedules (default ${DEFAULT_SEEDS})
  --seed N       seed of the first schedule (default ${DEFAULT_SEED})
  --workers N    processes (default: one per CPU)
  --planted      plant each known bug in a copy of the source, and require that the schedules find it
  --fault NAME   plant one of these bugs

Examples:
  pnpm simulate --seeds 2000
  pnpm simulate --seed 4711 --seeds 1    repeats one schedule
  pnpm simulate --planted

Exit code: 0 nothing was wrong, or every planted bug was found · 1 a check failed, or a planted bug was not found
2 invalid command line`

process.exitCode = await runCommand(
  {
    usage: USAGE,
    options: { seeds: 'text', workers: 'text', seed: 'text', planted: 'flag', fault: 'text' },
    async run({ values: { seeds = DEFAULT_SEEDS, seed = DEFAULT_SEED, planted, fault, ...values } }) {
      const range = { from: readInteger('seed', seed), seeds: readInteger('seeds', seeds) }
      const workers = readInteger('workers', values.workers ?? `${availableParallelism()}`)
      const names = plantedBugs.map(({ name }) => name)
      const bug = fault === undefined ? undefined : readChoice('--fault', fault, names)
      // stack traces are never printed below, and creating them costs more than the rest of the error
      Error.stackTraceLimit = 0
      if (planted) return findAllPlantedBugs(range, workers)
      if (bug !== undefined) {
        await runPlantedBug(bug, range)
        return 0
      }
      const { simulate } = await import('./simulate.ts')
      return (await simulate(range, workers)) === undefined ? 0 : 1
    },
  },
  process.argv.slice(2),
)

/** Searches for every planted bug and prints a table. Resolves to the exit code: 1 if a bug is not found. */
async function findAllPlantedBugs(range: SeedRange, workers: number): Promise<number> {
  const { findPlantedBug } = await import('./find-planted-bug.ts')
  const { undetectable } = await import('./undetectable.ts')
  const width = Math.max(...plantedBugs.map(({ name }) => name.length))
  const remaining = [...plantedBugs]
  let missed = 0
  const work = async (): Promise<void> => {
    for (let bug = remaining.shift(); bug; bug = remaining.shift()) {
      const { seed, first, shrunken } = await findPlantedBug(bug.name, range)
      if (seed === undefined) missed++
      const verdict =
        seed === undefined ? '✗ not found' : `✓ seed ${seed}, ${shrunken?.history.length ?? 'endless'} steps`
      console.log(`${verdict.padEnd(22)} ${bug.name.padEnd(width)}  ${first.slice(0, 120)}`)
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  console.log(`\nplanted bugs: ${plantedBugs.length - missed} found, ${missed} not found`)
  console.log('rules that are not planted, because no history shows their absence:')
  for (const [name, reason] of undetectable) console.log(`  ${name.padEnd(width)}  ${reason}`)
  return missed > 0 ? 1 : 0
}
