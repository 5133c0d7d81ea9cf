import { runCommand } from '@sync/command-line'
import { type Command, OPTION_TYPES, type Options, resolveOptions, usageOf } from './options.ts'

/** Runs a command with this process's arguments. Sets the exit code: 0 for success, 1 for failure, 2 for wrong usage. */
export async function commandLine(command: Command, run: (options: Options) => Promise<boolean>): Promise<void> {
  process.exitCode = await runCommand(
    {
      usage: usageOf(command),
      options: OPTION_TYPES,
      run: async ({ values }) => ((await run(resolveOptions(command, values))) ? 0 : 1),
    },
    process.argv.slice(2),
  )
}
