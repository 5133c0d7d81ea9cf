import { type CommandLine, type OptionTypes, readCommandLine } from './read.ts'
import { UsageError } from './usage-error.ts'

/** A program with options. */
export interface Command<T extends OptionTypes> {
  /** Help text: usage, options with defaults, examples and exit codes. */
  readonly usage: string
  readonly options: T
  /** Whether the command accepts arguments that are not options. @default false */
  readonly words?: boolean
  /** Runs the command, and resolves to its exit code. */
  run(line: CommandLine<T>): number | Promise<number>
}

/** Destinations of a command's lines. */
export interface Output {
  readonly print: (line: string) => void
  readonly printError: (line: string) => void
}

const standardOutput: Output = { print: (line) => console.log(line), printError: (line) => console.error(line) }

/**
 * Runs a command and resolves to its exit code: 0 for `--help`, 2 with one line on stderr for an invalid command line, and
 * otherwise the code of `run`.
 */
export async function runCommand<const T extends OptionTypes>(
  { usage, options, words = false, run }: Command<T>,
  args: readonly string[],
  { print, printError }: Output = standardOutput,
): Promise<number> {
  try {
    const line = readCommandLine(args, options, { words })
    if (line !== 'help') return await run(line)
    print(usage)
    return 0
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    printError(error.message)
    return 2
  }
}
