import { describe, expect, it } from 'vitest'
import { parseOptions, usage } from '../src/options.ts'

describe('the command line', () => {
  it('may say nothing', () => {
    expect(parseOptions([], {})).toEqual({ stores: [], buses: [], brokers: [], port: 4_600 })
  })

  it('goes before the environment', () => {
    const env = { SYNC_STORE: 'redis://a', SYNC_BUS: 'nats://a', PORT: '80' }
    expect(parseOptions([], env)).toMatchObject({ stores: ['redis://a'], buses: ['nats://a'], port: 80 })
    const args = ['--', '--store', 'memory:b', '--bus', 'memory:c', '--bus', 'memory:d', '--port', '0']
    expect(parseOptions(args, env)).toMatchObject({ stores: ['memory:b'], buses: ['memory:c', 'memory:d'], port: 0 })
  })

  it('takes a URL of several hosts, each with a port', () => {
    expect(parseOptions(['--bus', 'nats://a:4222,b:4223'], {})).toMatchObject({ buses: ['nats://a:4222,b:4223'] })
  })

  it('names brokers, each once', () => {
    const args = ['--broker', 'redis', '--broker', 'kafka', '--broker', 'redis']
    expect(parseOptions(args, {})).toMatchObject({ brokers: ['redis', 'kafka'] })
  })

  it.each([
    [['--broker', 'pigeon'], /^--broker: one of redis, valkey, nats, kafka is needed, not "pigeon"$/],
    [['--port', 'high'], /^--port: a number from 0 to 65535 is needed, not "high"$/],
    [['--port', '65536'], /^--port/],
    [['--bus', 'here'], /^--bus: a URL is needed, such as memory: or redis:\/\/host:6379$/],
    [['--fast'], /--fast/],
    [['now'], /now/],
  ])('%j is refused', (args, message) => {
    expect(() => parseOptions(args, {})).toThrow(
      expect.objectContaining({ name: 'UsageError', message: expect.stringMatching(message) }),
    )
  })

  it('can be asked for help', () => {
    expect(parseOptions(['--help'], {})).toBe('help')
    for (const name of ['store', 'bus', 'broker', 'port', 'headless']) expect(usage).toContain(`--${name}`)
  })
})
