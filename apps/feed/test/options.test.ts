import { describe, expect, it } from 'vitest'
import { bundledFeed } from '../src/bundled-feed.ts'
import { parseOptions } from '../src/options.ts'

const parse = (...args: string[]): ReturnType<typeof parseOptions> => parseOptions(args, {})

describe('parseOptions()', () => {
  it('uses defaults for missing options', () => {
    expect(parse()).toEqual({ store: 'memory:', bus: 'memory:', replicas: 3, rate: 2_000, file: bundledFeed })
  })

  it('prefers arguments to the environment', () => {
    const env = { SYNC_STORE: 'redis://a', SYNC_BUS: 'nats://b' }
    expect(parseOptions([], env)).toMatchObject({ store: 'redis://a', bus: 'nats://b' })
    expect(parseOptions(['--bus', 'memory:?drop=0.2'], env)).toMatchObject({
      store: 'redis://a',
      bus: 'memory:?drop=0.2',
    })
  })

  it('ignores a separator that a package manager passes on', () => {
    expect(parse('--', '--rate', 'max')).toMatchObject({ rate: 'max' })
  })

  it('returns help when --help or -h is given', () => {
    expect(parse('--help')).toBe('help')
    expect(parse('-h', '--rate', 'nonsense')).toBe('help')
  })

  it.each([
    [['--rate', '0'], "--rate: expected writes per second or 'max', got '0'"],
    [['--rate', 'fast'], "--rate: expected writes per second or 'max', got 'fast'"],
    [['--replicas', '0'], "--replicas: expected an integer from 1 to 64, got '0'"],
    [['--replicas', '2.5'], "--replicas: expected an integer from 1 to 64, got '2.5'"],
    [['--bus', 'nowhere'], '--bus: expected a URL, such as memory: or redis://host:6379'],
    [['--bus'], '--bus: expected a value, got none. See --help'],
    [['--speed', '3'], 'unknown option --speed. See --help'],
    [['fast'], 'expected options only, got the argument "fast". See --help'],
  ])('throws a usage error for %j', (args, message) => {
    expect(() => parse(...args)).toThrow(message)
  })
})
