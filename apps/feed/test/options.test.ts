import { describe, expect, it } from 'vitest'
import { bundledFeed } from '../src/bundled-feed.ts'
import { parseOptions } from '../src/options.ts'

const parse = (...args: string[]): ReturnType<typeof parseOptions> => parseOptions(args, {})

describe('options', () => {
  it('have defaults', () => {
    expect(parse()).toEqual({ store: 'memory:', bus: 'memory:', replicas: 3, rate: 2_000, file: bundledFeed })
  })

  it('come from arguments before the environment', () => {
    const env = { SYNC_STORE: 'redis://a', SYNC_BUS: 'nats://b' }
    expect(parseOptions([], env)).toMatchObject({ store: 'redis://a', bus: 'nats://b' })
    expect(parseOptions(['--bus', 'memory:?drop=0.2'], env)).toMatchObject({
      store: 'redis://a',
      bus: 'memory:?drop=0.2',
    })
  })

  it('take a separator that a package manager leaves in place', () => {
    expect(parse('--', '--rate', 'max')).toMatchObject({ rate: 'max' })
  })

  it('ask for help', () => {
    expect(parse('--help')).toBe('help')
    expect(parse('-h', '--rate', 'nonsense')).toBe('help')
  })

  it.each([
    [['--rate', '0'], '--rate: writes per second or "max" is needed, not "0"'],
    [['--rate', 'fast'], '--rate: writes per second or "max" is needed, not "fast"'],
    [['--replicas', '0'], '--replicas: a whole number from 1 to 64 is needed, not "0"'],
    [['--replicas', '2.5'], '--replicas: a whole number from 1 to 64 is needed, not "2.5"'],
    [['--bus', 'nowhere'], '--bus: a URL is needed, such as memory: or redis://host:6379'],
    [['--bus'], "Option '--bus <value>' argument missing"],
    [['--speed', '3'], "Unknown option '--speed'"],
    [['fast'], "Unexpected argument 'fast'"],
  ])('refuse %j', (args, message) => {
    expect(() => parse(...args)).toThrow(message)
  })
})
