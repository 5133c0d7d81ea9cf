import { describe, expect, test } from 'vitest'
import { parseTarget } from '../src/bus/target.ts'

describe('the hosts of a URL', () => {
  test.each([
    ['kafka://h1', ['h1:9092']],
    ['kafka://h1:9093/', ['h1:9093']],
    ['kafka://h1,h2', ['h1:9092', 'h2:9092']],
    ['kafka://h1,h2,h3:9093', ['h1:9093', 'h2:9093', 'h3:9093']],
    ['kafka://h1:9092,h2:9093', ['h1:9092', 'h2:9093']],
    ['kafka://h1:9094,h2,h3:9093', ['h1:9094', 'h2:9093', 'h3:9093']],
    ['kafka://h1?brokers=h2:9093,h3:9094', ['h1:9092', 'h2:9093', 'h3:9094']],
    [new URL('kafka://h1,h2:9093'), ['h1:9093', 'h2:9093']],
  ])('%s are %j', (target, brokers) => {
    expect(parseTarget(target)).toEqual({ brokers, options: {} })
  })
})

test('user, password and options stand around them', () => {
  expect(parseTarget('kafka://ann:s3%3Ac%40r@h1:1,h2:2?client=platformatic&partitions=2&sasl=scram-sha-256')).toEqual({
    brokers: ['h1:1', 'h2:2'],
    options: {
      client: 'platformatic',
      partitions: 2,
      sasl: { mechanism: 'scram-sha-256', username: 'ann', password: 's3:c@r' },
    },
  })
})

test.each([
  ['kafka://', 'a host is needed'],
  ['kafka://h1,', 'is host:port'],
  ['kafka://h1:99999999', 'is host:port'],
  ['kafka://h1,h2/topic', 'has no path'],
  ['http://h1', 'a URL is needed'],
  ['kafka://a@b@h1', 'a URL is needed'],
  ['kafka://h1?sasl=scram-sha-256', 'sasl: a user is needed'],
  ['kafka://:secret@h1', 'a password needs a user'],
  ['kafka://%zz:secret@h1', 'percent-encoded'],
])('%s is refused with a code, its password not repeated', (target, message) => {
  expect(() => parseTarget(target)).toThrow(
    expect.objectContaining({ code: 'SYNC_ARGUMENT', message: expect.stringContaining(message) }),
  )
  expect(() => parseTarget(target)).not.toThrow(/secret/)
})
