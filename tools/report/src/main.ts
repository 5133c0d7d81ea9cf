import { writeFile } from 'node:fs/promises'
import { readChoice, readInteger, runCommand } from '@sync/command-line'
import { runReports } from '@sync/conformance/cli'
import { repositoryAdapters } from './adapters.ts'
import { runAllMutants } from './mutants.ts'

const DEFAULT_SEED = '1'

const USAGE = `Usage: pnpm conformance [OPTIONS]
       pnpm conformance --mutants [--only PREFIX]

Runs the conformance rules on every adapter of this repository. Adapters whose servers are not available are not run.

  --adapter NAME  only this adapter (default: all)
  --only PREFIX   only rules whose ids begin with PREFIX (default: all)
  --seed N        seed of all randomness (default ${DEFAULT_SEED})
  --json FILE     write the results to FILE as JSON
  --mutants       run each broken adapter instead, and require that its rule fails

Examples:
  pnpm conformance --adapter memory --only STORE-OP
  pnpm conformance --mutants --only BUS-ORD

Exit code: 0 no rule failed, or every mutant was caught · 1 a rule failed, or a mutant was not caught · 2 invalid command line`

process.exitCode = await runCommand(
  {
    usage: USAGE,
    options: { adapter: 'text', json: 'text', only: 'text', seed: 'text', mutants: 'flag' },
    async run({ values: { adapter, json, only = '', seed = DEFAULT_SEED, mutants } }) {
      const options = { only, seed: readInteger('seed', seed, { min: 0 }) }
      if (mutants) return (await runAllMutants(only)) ? 0 : 1
      const all = await repositoryAdapters()
      const names = all.map(({ name }) => name)
      const name = adapter === undefined ? undefined : readChoice('--adapter', adapter, names)
      const selected = name === undefined ? all : all.filter((each) => each.name === name)
      const reports = await runReports(selected, options, console.log)
      if (json !== undefined) await writeFile(json, `${JSON.stringify(reports, undefined, 2)}\n`)
      return reports.every(({ ok }) => ok) ? 0 : 1
    },
  },
  process.argv.slice(2),
)
