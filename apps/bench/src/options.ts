import { type CommandLine, readChoice, readCommandLine, UsageError } from '@sync/command-line'

/** Parsed command line. */
export interface Options {
  /** Name of the bench to run; all if `undefined`. */
  readonly name: string | undefined
  /** File for the JSON report. */
  readonly json: string | undefined
}

/** Returns the command's usage text. */
export const usage = (names: readonly string[]): string => `Usage: pnpm bench [NAME] [--json FILE]

Compares @sync with a baseline in one run. ratio: ours / baseline, the median of interleaved rounds. spread: the distance
between the rounds' 10th and 90th percentile, relative to the median.

  NAME          ${names.join(' | ')} (default: all)
  --json FILE   also write the report to FILE: [{ bench, figure, unit, ours, baseline, ratio, spread, goal, of, met }]

Examples:
  pnpm bench core
  pnpm bench --json report.json

Exit code: 0 all goals met · 1 a goal missed, or a bench failed · 2 invalid command line`

/** Options of the command. */
export const OPTION_TYPES = { json: 'text' } as const

/**
 * Parses the command line.
 * @throws UsageError if it has an unknown option, an unknown bench name or more than one name
 */
export function parseOptions(args: readonly string[], names: readonly string[]): Options | 'help' {
  const line = readCommandLine(args, OPTION_TYPES, { words: true })
  return line === 'help' ? line : resolveOptions(line, names)
}

/** Validates the command line. @throws UsageError if it has an unknown bench name or more than one name */
export function resolveOptions({ values, words }: CommandLine<typeof OPTION_TYPES>, names: readonly string[]): Options {
  const [name, ...more] = words
  if (more.length > 0) throw new UsageError(`expected at most one NAME, got '${words.join(' ')}'. See --help`)
  return { name: name === undefined ? undefined : readChoice('NAME', name, names), json: values.json }
}
