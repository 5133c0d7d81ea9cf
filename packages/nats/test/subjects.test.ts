import type { Scope } from '@sync/core/adapter'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { subjectFor } from '../src/subjects.ts'

const name = fc.string({ minLength: 1, maxLength: 30, unit: 'binary' })
const scope: fc.Arbitrary<Scope> = fc.record(
  { partition: name, section: name, key: name },
  { requiredKeys: ['partition', 'section'] },
)

describe('subjectFor()', () => {
  it('turns every name into one token without a wildcard or separator', () => {
    fc.assert(
      fc.property(scope, (scope) => {
        const tokens = subjectFor('sync', scope).split('.')
        expect(tokens).toHaveLength('key' in scope ? 4 : 3)
        for (const token of tokens) expect(token).toMatch(/^[^\s*>\p{Cc}\p{Cs}]+$/u)
      }),
    )
  })

  it('returns different subjects for different scopes', () => {
    fc.assert(
      fc.property(scope, scope, (one, other) => {
        const equal =
          JSON.stringify([one.partition, one.section, 'key' in one && one.key]) ===
          JSON.stringify([other.partition, other.section, 'key' in other && other.key])
        expect(subjectFor('sync', one) === subjectFor('sync', other)).toBe(equal)
      }),
    )
  })

  it.each([
    [{ partition: 'eu', section: 'price' }, 'sync.eu.price'],
    [{ partition: 'eu', section: 'price', key: 'sku-1' }, 'sync.eu.price.sku-1'],
    [{ partition: 'größe', section: 'a.b', key: '*' }, 'sync.größe.a=002eb.=002a'],
    [{ partition: 'a b', section: '=', key: '\ud800' }, 'sync.a=0020b.=003d.=d800'],
  ])('maps %j to %s', (scope, subject) => {
    expect(subjectFor('sync', scope)).toBe(subject)
  })

  it('rejects an address that exceeds the subject limit of a server', () => {
    const scope = { partition: 'p', section: 'x'.repeat(3_000) }
    expect(() => subjectFor('sync', scope)).toThrow(expect.objectContaining({ code: 'SYNC_ARGUMENT' }))
  })
})
