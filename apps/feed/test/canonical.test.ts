import { expect, it } from 'vitest'
import { canonicalJson } from '../src/canonical.ts'

it('equal values have equal texts, at every depth', () => {
  const one = JSON.parse('{"b":[{"d":1,"c":null}],"a":"x","__proto__":{"z":1,"y":2}}')
  const other = JSON.parse('{"__proto__":{"y":2,"z":1},"a":"x","b":[{"c":null,"d":1}]}')
  expect(canonicalJson(one)).toBe(canonicalJson(other))
  expect(canonicalJson(one)).toBe('{"__proto__":{"y":2,"z":1},"a":"x","b":[{"c":null,"d":1}]}')
})

it('different values have different texts', () => {
  expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]))
  expect(canonicalJson({ a: null })).not.toBe(canonicalJson({}))
})
