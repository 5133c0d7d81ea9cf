import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kafkaPartitionOf, recordKey, topicName } from '../src/names.ts'

const anyName = fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ minLength: 100, maxLength: 400 }))
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)

describe('topicName()', () => {
  it('returns a different valid topic name for each partition', () => {
    fc.assert(
      fc.property(anyName, anyName, (a, b) => {
        const [one, other] = [a, b].map((name) => topicName('sync.{partition}', name))
        expect(one).toMatch(/^sync\.[A-Za-z0-9_-]{1,244}$/)
        expect(one === other).toBe(a === b)
      }),
      { seed },
    )
  })

  it('keeps plain names readable, and ends long names in their hash', () => {
    expect(topicName('sync.{partition}', 'eu-west-1')).toBe('sync.eu-west-1')
    expect(topicName('sync.{partition}', 'a.b')).toBe('sync.a_002eb')
    expect(topicName('changes', 'eu')).toBe('changes')
    const [x, y] = ['x', 'y'].map((end) => topicName('sync.{partition}', `${'n'.repeat(300)}${end}`))
    expect(x).toHaveLength(249)
    expect(x).toMatch(/_h[0-9a-f]{64}$/)
    expect(x).not.toBe(y)
  })
})

describe('kafkaPartitionOf()', () => {
  it('returns the same Kafka partition for a key in every release', () => {
    const partitions = ['a', 'b', 'ä', '👩‍👩‍👧', '\ud800'].map((key) => kafkaPartitionOf('section', key, 1_000))
    expect(partitions).toEqual([398, 92, 652, 762, 205])
    expect(kafkaPartitionOf('section', 'a', 1)).toBe(0)
  })
})

describe('recordKey()', () => {
  it('distinguishes a section from a document', () => {
    expect(recordKey({ partition: 'p', section: 's' })).toBe('["p","s"]')
    expect(recordKey({ partition: 'p', section: 's', key: 'k' })).toBe('["p","s","k"]')
  })
})
