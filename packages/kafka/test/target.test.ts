import { describe, expect, it } from 'vitest'
import { parseTarget } from '../src/bus/target.ts'

describe('parseTarget()', () => {
  it.each([
    ['kafka://h1', ['h1:9092']],
    ['kafka://h1:9093/', ['h1:9093']],
    ['kafka://h1,h2', ['h1:9092', 'h2:9092']],
    ['kafka://h1,h2,h3:9093', ['h1:9093', 'h2:9093', 'h3:9093']],
    ['kafka://h1:9092,h2:9093', ['h1:9092', 'h2:9093']],
    ['kafka://h1:9094,h2,h3:9093', ['h1:9094', 'h2:9093', 'h3:9093']],
    ['kafka://h1?brokers=h2:9093,h3:9094', ['h1:9092', 'h2:9093', 'h3:9094']],
    [new URL('kafka://h1,h2:9093'), ['h1:9093', 'h2:9093']],
  ])('returns the hosts of %s as %j', (target, brokers) => {
    expect(parseTarget(target)).toEqual({ brokers, options: {} })
  })

  it('returns user, password and options of a URL', () => {
    expect(parseTarget('kafka://ann:s3%3Ac%40r@h1:1,h2:2?client=platformatic&partitions=2&sasl=scram-sha-256')).toEqual(
      {
        brokers: ['h1:1', 'h2:2'],
        options: {
          client: 'platformatic',
          partitions: 2,
          sasl: { mechanism: 'scram-sha-256', username: 'ann', password: 's3:c@r' },
        },
      },
    )
  })

  it.each([
    ['kafka://', 'expected at least one broker'],
    ['kafka://h1,', 'as host:port'],
    ['kafka://h1:99999999', 'as host:port'],
    ['kafka://h1,h2/topic', 'without a path'],
    ['http://h1', 'expected a URL'],
    ['kafka://a@b@h1', 'expected a URL'],
    ['kafka://h1?sasl=scram-sha-256', 'sasl: expected a user'],
    ['kafka://:secret@h1', 'expected a user before the password'],
    ['kafka://%zz:secret@h1', 'percent-encoded'],
    ['kafka://ann:1?secret@h1', 'percent-encoded'],
    ['kafka://ann:1?secret=secret@h1', 'percent-encoded'],
    ['kafka://ann:secret?1@h1', 'percent-encoded'],
    ['kafka://ann:1?tls=secret@h1', 'percent-encoded'],
    ['kafka://ann:1/secret@h1', 'percent-encoded'],
    ['kafka://ann:1#secret@h1', 'percent-encoded'],
    [['ann:secret@h1:9092'], 'as host:port'],
  ])('rejects %s with SYNC_ARGUMENT, and keeps the password out of the message', (target, message) => {
    expect(() => parseTarget(target)).toThrow(
      expect.objectContaining({ code: 'SYNC_ARGUMENT', message: expect.stringContaining(message) }),
    )
    expect(() => parseTarget(target)).not.toThrow(/secret/)
  })
})
