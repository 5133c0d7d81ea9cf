import { parseArgs } from 'node:util'
import { closest } from './closest.ts'
import { UsageError } from './usage-error.ts'

/** Options of a command: `flag` has no value, `text` has one, and `list` may be repeated. */
export type OptionTypes = Readonly<Record<string, 'flag' | 'text' | 'list'>>

/** Values of the options that were given. */
export type OptionValues<T extends OptionTypes> = {
  readonly [Name in keyof T]?: T[Name] extends 'flag' ? boolean : T[Name] extends 'text' ? string : readonly string[]
}

/** A command line. */
export interface CommandLine<T extends OptionTypes> {
  readonly values: OptionValues<T>
  /** Arguments that are not options, in order. */
  readonly words: readonly string[]
}

/**
 * Reads a command line. Every command also has `--help` and `-h`, for which the result is `help`.
 * @param words whether the command accepts arguments that are not options
 * @throws UsageError for an unknown option, a missing value, or an unexpected argument
 */
export function readCommandLine<const T extends OptionTypes>(
  args: readonly string[],
  types: T,
  { words: acceptsWords = false }: { readonly words?: boolean } = {},
): CommandLine<T> | 'help' {
  const options = Object.fromEntries(
    Object.entries(types).map(([name, type]) => [
      name,
      { type: type === 'flag' ? 'boolean' : 'string', multiple: type === 'list' } as const,
    ]),
  )
  const { tokens } = parseArgs({
    // `pnpm name -- --option` passes the separator as an argument
    args: args[0] === '--' ? args.slice(1) : [...args],
    options: { ...options, help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  if (tokens.some((token) => token.kind === 'option' && token.name === 'help')) return 'help'
  const values: Record<string, unknown> = {}
  const words: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value } = token
    const type = rawName.startsWith('--') ? types[name] : undefined
    if (type === undefined || !Object.hasOwn(types, name)) throw unknownOption(rawName, Object.keys(types))
    if (type === 'flag' && value !== undefined)
      throw new UsageError(`--${name}: expected no value, got one. See --help`)
    // an option in place of a value, such as `--only --seed 1`, is more likely a forgotten value
    if (type !== 'flag' && (value === undefined || (/^-[a-z-]/i.test(value) && !token.inlineValue)))
      throw new UsageError(`--${name}: expected a value, got none. See --help`)
    values[name] = type === 'flag' ? true : type === 'text' ? value : [...((values[name] as string[]) ?? []), value]
  }
  if (words.length > 0 && !acceptsWords)
    throw new UsageError(`expected options only, got the argument ${JSON.stringify(words[0])}. See --help`)
  return { values: values as OptionValues<T>, words }
}

function unknownOption(given: string, names: readonly string[]): UsageError {
  const name = closest(given.replace(/^-+/, ''), [...names, 'help'])
  return new UsageError(`unknown option ${given}${name === undefined ? '.' : `; did you mean --${name}?`} See --help`)
}

/**
 * Converts the text of a number option.
 * @throws UsageError if it is not an integer from `min` to `max`
 */
export function readInteger(
  option: string,
  text: string,
  { min = 1, max = Number.MAX_SAFE_INTEGER }: { readonly min?: number; readonly max?: number } = {},
): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min && value <= max) return value
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  throw new UsageError(`--${option}: expected an integer ${range}, got ${JSON.stringify(text)}. See --help`)
}

/**
 * Returns the word if it is one of the names.
 * @throws UsageError that suggests the closest name
 */
export function readChoice<const Name extends string>(what: string, word: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === word)
  if (found !== undefined) return found
  const name = closest(word, names)
  const suggestion = name === undefined ? '.' : `; did you mean ${name}?`
  throw new UsageError(
    `${what}: expected one of ${names.join(', ')}, got ${JSON.stringify(word)}${suggestion} See --help`,
  )
}
