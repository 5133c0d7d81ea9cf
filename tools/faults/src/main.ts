import { commandLine } from './command-line.ts'
import { describe, kept } from './report.ts'
import { run } from './run.ts'

// `pnpm faults`
await commandLine('faults', async (options) => {
  const outcome = await run(options, console.log)
  console.log(describe(outcome))
  return kept(outcome)
})
