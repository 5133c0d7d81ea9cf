import { type Command, type Options, parseOptions, UsageError, usageOf } from './options.ts'

/** Runs a command with this process's arguments. Sets the exit code: 0 for success, 1 for failure, 2 for wrong usage. */
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
