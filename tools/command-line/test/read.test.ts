import { readChoice, readCommandLine, readInteger, runCommand, UsageError } from '@sync/command-line'
import { describe, expect, it } from 'vitest'

const types = { seeds: 'text', planted: 'flag', bus: 'list' } as const
const read = (...args: string[]) => readCommandLine(args, types)

describe('readCommandLine()', () => {
  it('returns the values, and skips the separator of a package manager', () => {
    expect(read('--', '--seeds', '7', '--planted', '--bus=a', '--bus', 'b')).toEqual({
      values: { seeds: '7', planted: true, bus: ['a', 'b'] },
      words: [],
    })
    expect(readCommandLine(['a', '--planted', 'b'], types, { words: true })).toMatchObject({ words: ['a', 'b'] })
  })

  it('returns help even if the other arguments are invalid', () => {
    expect(read('--help')).toBe('help')
    expect(read('-h', '--nonsense')).toBe('help')
  })

  it.each([
    ['--seds', 'unknown option --seds; did you mean --seeds? See --help'],
    ['--sedes', 'unknown option --sedes; did you mean --seeds? See --help'],
    ['--seed=1', 'unknown option --seed; did you mean --seeds? See --help'],
    ['--plant', 'unknown option --plant; did you mean --planted? See --help'],
    ['--toString', 'unknown option --toString. See --help'],
    ['-x', 'unknown option -x. See --help'],
    ['--seeds', '--seeds: expected a value, got none. See --help'],
    ['--seeds --planted', '--seeds: expected a value, got none. See --help'],
    ['--planted=yes', '--planted: expected no value, got one. See --help'],
    ['now', 'expected options only, got the argument "now". See --help'],
  ])('throws a UsageError with one line for %s', (line, message) => {
    expect(() => read(...line.split(' '))).toThrow(new UsageError(message))
  })
})

describe('readInteger()', () => {
  it('returns the number within its range, and throws a UsageError for any other text', () => {
    expect(readInteger('seeds', '12')).toBe(12)
    for (const text of ['0', '-1', '1.5', 'many', '', '1e3', '9'.repeat(20)])
      expect(() => readInteger('seeds', text)).toThrow('--seeds: expected an integer of at least 1, got ')
    expect(() => readInteger('port', '65536', { min: 0, max: 65_535 })).toThrow('an integer from 0 to 65535')
  })
})

describe('readChoice()', () => {
  it('suggests the closest name when the word is not one of them', () => {
    expect(readChoice('--bus', 'nats', ['nats', 'kafka'])).toBe('nats')
    expect(() => readChoice('--bus', 'kafak', ['nats', 'kafka'])).toThrow(
      '--bus: expected one of nats, kafka, got "kafak"; did you mean kafka? See --help',
    )
  })
})

describe('runCommand()', () => {
  const run = async (...args: string[]) => {
    const lines: string[] = []
    const errors: string[] = []
    const command = { usage: 'Usage: it', options: types, run: () => 1 }
    const code = await runCommand(command, args, {
      print: (line) => lines.push(line),
      printError: (line) => errors.push(line),
    })
    return { code, lines, errors }
  }

  it('prints the usage and returns 0 for --help, and returns the exit code of the command otherwise', async () => {
    expect(await run('--help')).toEqual({ code: 0, lines: ['Usage: it'], errors: [] })
    expect(await run('--seeds', '1')).toEqual({ code: 1, lines: [], errors: [] })
  })

  it('prints one line and returns 2 when the command line is invalid', async () => {
    const errors = ['unknown option --seds; did you mean --seeds? See --help']
    expect(await run('--seds', '1')).toEqual({ code: 2, lines: [], errors })
  })
})
