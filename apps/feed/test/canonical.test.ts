import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../src/canonical.ts'

describe('canonicalJson()', () => {
  it('returns equal texts for equal values, at every depth', () => {
    const one = JSON.parse('{"b":[{"d":1,"c":null}],"a":"x","__proto__":{"z":1,"y":2}}')
    const other = JSON.parse('{"__proto__":{"y":2,"z":1},"a":"x","b":[{"c":null,"d":1}]}')
    expect(canonicalJson(one)).toBe(canonicalJson(other))
    expect(canonicalJson(one)).toBe('{"__proto__":{"y":2,"z":1},"a":"x","b":[{"c":null,"d":1}]}')
  })

  it('returns different texts for different values', () => {
    expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]))
    expect(canonicalJson({ a: null })).not.toBe(canonicalJson({}))
  })
})
