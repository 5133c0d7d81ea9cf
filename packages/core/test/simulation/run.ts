import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { mutants, runMutant } from './run-mutant.ts'

// `pnpm simulate` runs schedules on the source as it is; `--planted` on copies that each have one fault, which must be found.
const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    workers: { type: 'string', default: String(availableParallelism()) },
    seed: { type: 'string', default: '1' },
    planted: { type: 'boolean', default: false },
    fault: { type: 'string' },
  },
})
// a trace of each error costs more than the error, and nobody reads it
Error.stackTraceLimit = 0

const workers = count('workers', values.workers)
const range = { from: count('seed', values.seed), seeds: count('seeds', values.seeds ?? '2000') }

if (values.planted) await findAllMutants()
else if (values.fault !== undefined) await runMutant(values.fault, range)
else {
  const { simulate } = await import('./simulate.ts')
  process.exitCode = (await simulate(range, workers)) === undefined ? 0 : 1
}

/** Prints the table; one that nobody notices fails the run. */
async function findAllMutants(): Promise<void> {
  const { findMutant } = await import('./find-mutant.ts')
  const { undetectable } = await import('./undetectable.ts')
  const width = Math.max(...mutants.map(({ name }) => name.length))
  const waiting = [...mutants]
  let escaped = 0
  const work = async (): Promise<void> => {
    for (let plant = waiting.shift(); plant; plant = waiting.shift()) {
      const { seed, first, shrunken } = await findMutant(plant.name, range)
      if (seed === undefined) escaped++
      const verdict =
        seed === undefined ? '✗ escaped' : `✓ seed ${seed}, ${shrunken?.history.length ?? 'endless'} steps`
      console.log(`${verdict.padEnd(22)} ${plant.name.padEnd(width)}  ${first.slice(0, 120)}`)
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  console.log(`\nplanted: ${mutants.length - escaped} found, ${escaped} escaped; not planted, for no history shows it:`)
  for (const [name, why] of undetectable) console.log(`  ${name.padEnd(width)}  ${why}`)
  if (escaped > 0) process.exitCode = 1
}

function count(option: string, text: string): number {
  const n = Number(text)
  if (!Number.isSafeInteger(n) || n < 1) throw new Error(`--${option}: not a count: ${text}`)
  return n
}
