import { describe, expect, it } from 'vitest'
import { parseOptions, usage } from '../src/options.ts'

describe('parseOptions()', () => {
  it('returns defaults when nothing is given', () => {
    expect(parseOptions([], {})).toEqual({ stores: [], buses: [], brokers: [], port: 4_600 })
  })

  it('prefers the command line to the environment', () => {
    const env = { SYNC_STORE: 'redis://a', SYNC_BUS: 'nats://a', PORT: '80' }
    expect(parseOptions([], env)).toMatchObject({ stores: ['redis://a'], buses: ['nats://a'], port: 80 })
    const args = ['--', '--store', 'memory:b', '--bus', 'memory:c', '--bus', 'memory:d', '--port', '0']
    expect(parseOptions(args, env)).toMatchObject({ stores: ['memory:b'], buses: ['memory:c', 'memory:d'], port: 0 })
  })

  it('accepts a URL with several hosts and ports', () => {
    expect(parseOptions(['--bus', 'nats://a:4222,b:4223'], {})).toMatchObject({ buses: ['nats://a:4222,b:4223'] })
  })

  it('removes repeated brokers', () => {
    const args = ['--broker', 'redis', '--broker', 'kafka', '--broker', 'redis']
    expect(parseOptions(args, {})).toMatchObject({ brokers: ['redis', 'kafka'] })
  })

  it.each([
    [['--broker', 'pigeon'], /^--broker: expected one of redis, valkey, nats, kafka, got "pigeon". See --help$/],
    [['--port', 'high'], /^--port: expected an integer from 0 to 65535, got "high". See --help$/],
    [['--port', '65536'], /^--port/],
    [['--bus', 'here'], /^--bus: expected a URL, such as memory: or redis:\/\/host:6379. See --help$/],
    [['--fast'], /--fast/],
    [['now'], /now/],
  ])('throws a usage error for %j', (args, message) => {
    expect(() => parseOptions(args, {})).toThrow(
      expect.objectContaining({ name: 'UsageError', message: expect.stringMatching(message) }),
    )
  })

  it('returns help when --help is given, and documents every option', () => {
    expect(parseOptions(['--help'], {})).toBe('help')
    for (const name of ['store', 'bus', 'broker', 'port', 'headless']) expect(usage).toContain(`--${name}`)
  })
})
