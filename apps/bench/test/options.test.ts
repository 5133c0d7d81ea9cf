import { expect, it } from 'vitest'
import { parseOptions } from '../src/options.ts'

const parse = (...args: string[]): ReturnType<typeof parseOptions> => parseOptions(args, ['core', 'redis'])

it('a name and a file for the report are optional', () => {
  expect(parse()).toEqual({ name: undefined, json: undefined })
  expect(parse('core', '--json', 'out.json')).toEqual({ name: 'core', json: 'out.json' })
  expect(parse('--', '--json', 'out.json', 'redis')).toEqual({ name: 'redis', json: 'out.json' })
  expect(parse('--help')).toBe('help')
})

it('an unknown name is answered with those there are', () => {
  expect(() => parse('kafka')).toThrow('there is no bench "kafka"; there are: core, redis')
  expect(() => parse('core', 'redis')).toThrow('one NAME at most')
  expect(() => parse('--fast')).toThrow("Unknown option '--fast'")
})
