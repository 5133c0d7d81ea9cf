import { type Command, type Options, parseOptions, UsageError, usageOf } from './options.ts'

/** Runs a command with the arguments of this process; the exit code tells whether all was well. */
export async function commandLine(command: Command, run: (options: Options) => Promise<boolean>): Promise<void> {
  try {
    const options = parseOptions(command, process.argv.slice(2))
    if (options === 'help') console.log(usageOf(command))
    else process.exitCode = (await run(options)) ? 0 : 1
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`${error.message}\n\n${usageOf(command)}`)
    process.exitCode = 2
  }
}
