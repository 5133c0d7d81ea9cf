import { parseArgs } from 'node:util'

/** What the command line asks for. */
export interface Options {
  /** `undefined`: all benches. */
  readonly name: string | undefined
  /** Where the report goes. */
  readonly json: string | undefined
}

/** The command line cannot be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** How the command is used. */
export const usage = (names: readonly string[]): string => `Usage: pnpm bench [NAME] [--json FILE]

Compares with a yardstick in one run: ratio is ours to the yardstick's, the median of interleaved rounds; spread is how
far apart the middle four fifths of the rounds lie, relative to that. Exit code: 0 all goals met · 1 one is missed, or a
bench failed · 2 the command line is wrong.

  NAME          ${names.join(' | ')} (default: all)
  --json FILE   also writes the report: [{ bench, figure, unit, ours, baseline, ratio, spread, goal, of, met }]`

/**
 * Reads the arguments.
 * @throws UsageError
 */
export function parseOptions(args: readonly string[], names: readonly string[]): Options | 'help' {
  const { values, positionals } = readArguments(args)
  if (values.help === true) return 'help'
  const [name, ...more] = positionals
  if (more.length > 0) throw new UsageError(`one NAME at most, not ${positionals.join(' ')}`)
  if (name !== undefined && !names.includes(name)) {
    throw new UsageError(`there is no bench ${JSON.stringify(name)}; there are: ${names.join(', ')}`)
  }
  return { name, json: values.json }
}

function readArguments(args: readonly string[]): {
  readonly values: { readonly json?: string; readonly help?: boolean }
  readonly positionals: readonly string[]
} {
  try {
    return parseArgs({
      // `pnpm bench -- core` hands the separator over as well
      args: args[0] === '--' ? args.slice(1) : [...args],
      options: { json: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    })
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0])
  }
}
