import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { runReports } from '@sync/conformance/cli'
import { repositoryAdapters } from './adapters.ts'
import { runAllMutants } from './mutants.ts'

// Usage: `pnpm conformance [--adapter NAME] [--json FILE] [--only PREFIX] [--seed N]`, or
// `pnpm conformance --mutants [--only PREFIX]`. PREFIX selects rules by id.
const { values } = parseArgs({
  options: {
    adapter: { type: 'string' },
    json: { type: 'string' },
    only: { type: 'string' },
    seed: { type: 'string' },
    mutants: { type: 'boolean', default: false },
  },
})
const { only = '', seed = '1' } = values
if (values.mutants) process.exitCode = (await runAllMutants(only)) ? 0 : 1
else {
  const all = await repositoryAdapters()
  const selected = all.filter(({ name }) => values.adapter === undefined || name === values.adapter)
  if (selected.length === 0)
    throw new Error(`--adapter: expected one of ${all.map(({ name }) => name).join(', ')}, got ${values.adapter}`)
  const reports = await runReports(selected, { only, seed: Number(seed) }, console.log)
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(reports, undefined, 2)}\n`)
  process.exitCode = reports.every(({ ok }) => ok) ? 0 : 1
}
