import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { plantedBugs, runPlantedBug } from './run-planted-bug.ts'

// `pnpm simulate` runs schedules on the unchanged source. `--planted` runs them on copies with one planted bug each, and
// requires that each bug is found. `--fault NAME` does that for one planted bug.
const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    workers: { type: 'string', default: String(availableParallelism()) },
    seed: { type: 'string', default: '1' },
    planted: { type: 'boolean', default: false },
    fault: { type: 'string' },
  },
})
// stack traces are never printed here, and creating them costs more than the rest of the error
Error.stackTraceLimit = 0

const workers = count('workers', values.workers)
const range = { from: count('seed', values.seed), seeds: count('seeds', values.seeds ?? '2000') }

if (values.planted) await findAllPlantedBugs()
else if (values.fault !== undefined) await runPlantedBug(values.fault, range)
else {
  const { simulate } = await import('./simulate.ts')
  process.exitCode = (await simulate(range, workers)) === undefined ? 0 : 1
}

/** Searches for every planted bug and prints a table. The run fails if a bug is not found. */
async function findAllPlantedBugs(): Promise<void> {
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
  if (missed > 0) process.exitCode = 1
}

function count(option: string, text: string): number {
  const n = Number(text)
  if (!Number.isSafeInteger(n) || n < 1) throw new Error(`--${option}: expected a positive integer, got "${text}"`)
  return n
}
