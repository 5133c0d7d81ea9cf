import { describe, expect, it } from 'vitest'
import { parseOptions } from '../src/options.ts'

const parse = (...args: string[]): ReturnType<typeof parseOptions> => parseOptions(args, ['core', 'redis'])

describe('parseOptions()', () => {
  it('accepts an optional name and an optional report file', () => {
    expect(parse()).toEqual({ name: undefined, json: undefined })
    expect(parse('core', '--json', 'out.json')).toEqual({ name: 'core', json: 'out.json' })
    expect(parse('--', '--json', 'out.json', 'redis')).toEqual({ name: 'redis', json: 'out.json' })
    expect(parse('--help')).toBe('help')
  })

  it('throws a usage error that lists the bench names when the name is unknown', () => {
    expect(() => parse('kafka')).toThrow('NAME: expected one of core, redis, got "kafka"')
    expect(() => parse('core', 'redis')).toThrow("expected at most one NAME, got 'core redis'")
    expect(() => parse('--fast')).toThrow('unknown option --fast. See --help')
  })
})
