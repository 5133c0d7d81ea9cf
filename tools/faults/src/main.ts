import { parseOptions, UsageError, usage } from './options.ts'
import { describe, kept } from './report.ts'
import { run } from './run.ts'

process.exitCode = await main()

async function main(): Promise<number> {
  try {
    const options = parseOptions(process.argv.slice(2))
    if (options === 'help') {
      console.log(usage)
      return 0
    }
    const outcome = await run(options, console.log)
    console.log(describe(outcome))
    return kept(outcome) ? 0 : 1
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`${error.message}\n\n${usage}`)
    return 2
  }
}
