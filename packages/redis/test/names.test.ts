import type { DocumentRef } from '@sync/core/adapter'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { documentKey, escapeField, type KeyLayout, sectionName, unescapePart } from '../src/names.ts'

const hostile = fc.constantFrom(':', '{', '}', '\\', '"', '\\u003a', '\ud800', '__proto__', 'VersionId', '::meta', 'é')
const name = fc
  .array(fc.oneof(hostile, fc.string({ unit: 'binary' })), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join(''))
  .filter((text) => text !== '')
const ref: fc.Arbitrary<DocumentRef> = fc.record({ partition: name, section: name, key: name })
const layout: fc.Arbitrary<KeyLayout> = fc.record({ cluster: fc.boolean() })

describe('documentKey()', () => {
  it('returns a key from which any names can be parsed back', () => {
    fc.assert(
      fc.property(ref, layout, (document, keyLayout) => {
        const parts = documentKey(document, keyLayout)
          .replace(/^\{(.*)\}:/s, '$1:')
          .split(':')
        expect(parts.map(unescapePart)).toEqual([document.partition, document.section, document.key])
      }),
      { numRuns: 2_000 },
    )
  })

  it('has the whole section name as its only hash tag in a cluster', () => {
    fc.assert(
      fc.property(ref, (document) => {
        const key = documentKey(document, { cluster: true })
        expect(key.match(/[{}]/g)).toEqual(['{', '}'])
        expect(key.slice(1, key.indexOf('}'))).toBe(sectionName(document, { cluster: false }))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('escapeField()', () => {
  it('returns a name that differs from the counters and can be unescaped', () => {
    fc.assert(
      fc.property(name, (field) => {
        const escaped = escapeField(field)
        expect(escaped).not.toBe('VersionId')
        expect(unescapePart(escaped)).toBe(field)
      }),
      { numRuns: 2_000 },
    )
  })
})
