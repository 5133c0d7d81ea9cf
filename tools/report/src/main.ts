import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { runReports } from '@sync/conformance/cli'
import { repositoryAdapters } from './adapters.ts'
import { runAllMutants } from './mutants.ts'

// `pnpm conformance [--adapter NAME] [--json FILE] [--only RULES] [--seed N]`, or `pnpm conformance --mutants [--only RULES]`
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
    throw new Error(`no adapter ${values.adapter}: there are ${all.map(({ name }) => name).join(', ')}`)
  const reports = await runReports(selected, { only, seed: Number(seed) }, console.log)
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(reports, undefined, 2)}\n`)
  process.exitCode = reports.every(({ ok }) => ok) ? 0 : 1
}
