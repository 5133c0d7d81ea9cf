import { commandLine } from './command-line.ts'
import { describeRun, passed } from './report.ts'
import { run } from './run.ts'

// `pnpm faults`
await commandLine('faults', async (options) => {
  const result = await run(options, console.log)
  console.log(describeRun(result))
  return passed(result)
})
