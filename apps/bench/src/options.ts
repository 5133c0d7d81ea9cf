import { parseArgs } from 'node:util'

/** Parsed command line. */
export interface Options {
  /** Name of the bench to run; all if `undefined`. */
  readonly name: string | undefined
  /** File for the JSON report. */
  readonly json: string | undefined
}

/** The command line is invalid. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Returns the command's usage text. */
export const usage = (names: readonly string[]): string => `Usage: pnpm bench [NAME] [--json FILE]

Compares @sync with a baseline in one run. ratio: ours / baseline, the median of interleaved rounds. spread: the distance
between the rounds' 10th and 90th percentile, relative to the median. Exit code: 0 all goals met · 1 a goal missed, or a
bench failed · 2 invalid command line.

  NAME          ${names.join(' | ')} (default: all)
  --json FILE   also write the report to FILE: [{ bench, figure, unit, ours, baseline, ratio, spread, goal, of, met }]`

/**
 * Parses the command line.
 * @throws UsageError if it has an unknown option, an unknown bench name or more than one name
 */
export function parseOptions(args: readonly string[], names: readonly string[]): Options | 'help' {
  const { values, positionals } = readArguments(args)
  if (values.help === true) return 'help'
  const [name, ...more] = positionals
  if (more.length > 0) throw new UsageError(`expected at most one NAME, got '${positionals.join(' ')}'`)
  if (name !== undefined && !names.includes(name)) {
    throw new UsageError(`expected a bench name (${names.join(', ')}), got '${name}'`)
  }
  return { name, json: values.json }
}

function readArguments(args: readonly string[]): {
  readonly values: { readonly json?: string; readonly help?: boolean }
  readonly positionals: readonly string[]
} {
  try {
    return parseArgs({
      // `pnpm bench -- core` passes the separator on
      args: args[0] === '--' ? args.slice(1) : [...args],
      options: { json: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    })
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0])
  }
}
