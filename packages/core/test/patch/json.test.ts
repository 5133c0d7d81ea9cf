import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deepFreeze, isJsonObject, type Json, jsonEqual } from '../../src/model/json.ts'
import { fitsJsonBytes, jsonBytes } from '../../src/model/json-bytes.ts'
import { MAX_DEPTH, NotJsonError, toJson } from '../../src/patch/index.ts'
import { json, parsed, textBytes } from './documents.ts'

function refusal(value: unknown, at = ''): NotJsonError {
  try {
    toJson(value, { at })
  } catch (error) {
    if (error instanceof NotJsonError) return error
    throw error
  }
  throw new Error('the value was accepted')
}

const nested = (depth: number): unknown => Array.from({ length: depth }).reduce((inner) => [inner], 0)

describe('toJson()', () => {
  it('accepts any JSON, returns it frozen and leaves the argument unchanged', () => {
    fc.assert(
      fc.property(json, (value) => {
        const before = JSON.stringify(value)
        const result = toJson(value)
        expect(parsed(result)).toEqual(parsed(value))
        expect(JSON.stringify(value)).toBe(before)
        if (typeof result !== 'object' || result === null) return
        expect(Object.isFrozen(result)).toBe(true)
        expect(Object.isFrozen(value)).toBe(false)
      }),
    )
  })

  it('returns the same object when it is frozen JSON, and copies the rest', () => {
    const part = deepFreeze({ x: [1, { y: 2 }] })
    expect(toJson(part)).toBe(part)
    const result = toJson({ part, own: [part.x] }) as { part: Json; own: Json[] }
    expect(result.part).toBe(part)
    expect(result.own[0]).toBe(part.x)
  })

  it('copies mutable parts of a frozen object', () => {
    const inside = [1]
    const result = toJson(Object.freeze({ inside })) as { inside: Json }
    inside.push(2)
    expect(result).toEqual({ inside: [1] })
    expect(Object.isFrozen(result.inside)).toBe(true)
  })

  it('accepts known parts without reading them', () => {
    const untouchable = new Proxy({}, { ownKeys: () => expect.unreachable('looked inside') }) as Json
    expect(toJson({ a: untouchable, b: [untouchable] }, { known: { a: untouchable, b: [untouchable] } })).toBeDefined()
  })

  it('turns -0 into 0, as JSON does', () => {
    expect(toJson(Object.freeze([-0, { n: -0 }]))).toStrictEqual([0, { n: 0 }])
  })

  it('accepts objects without a prototype and from another realm', () => {
    expect(toJson(Object.assign(Object.create(null), { a: 1 }))).toStrictEqual({ a: 1 })
    expect(toJson(structuredClone({ a: [1] }))).toStrictEqual({ a: [1] })
  })

  it.for<[unknown, string]>([
    [undefined, ''],
    [{ a: undefined }, '/a'],
    [[1, undefined], '/1'],
    [Array(1), '/0'],
    [{ a: { 'b/c': [0, Number.NaN] } }, '/a/b~1c/1'],
    [{ a: Number.POSITIVE_INFINITY }, '/a'],
    [{ a: 1n }, '/a'],
    [{ a: Symbol('s') }, '/a'],
    [{ a: { [Symbol('s')]: 1 } }, '/a'],
    [{ a: () => 1 }, '/a'],
    [{ a: new Date(0) }, '/a'],
    [{ a: [new Map()] }, '/a/0'],
    [new Set(), ''],
    [{ a: new Uint8Array(2) }, '/a'],
    [{ a: new (class Own {})() }, '/a'],
    [{ a: Object.create({ inherited: 1 }) }, '/a'],
    [JSON.parse('{"a":{"__proto__":{"polluted":1}}}'), '/a/__proto__'],
    [{ a: [{ constructor: 1 }] }, '/a/0/constructor'],
    [{ prototype: 1 }, '/prototype'],
  ])('rejects what JSON would drop or change: case %# at %s', ([value, path]) => {
    expect(refusal(value)).toMatchObject({ code: 'SYNC_NOT_JSON', path, committed: 'no' })
    expect(refusal(value, '/doc')).toMatchObject({ path: `/doc${path}` })
  })

  it('rejects cycles and accepts the same object twice', () => {
    const cycle: Record<string, unknown> = { a: [{}] }
    ;(cycle['a'] as unknown[])[0] = cycle
    expect(refusal(cycle).path).toBe('/a/0')
    const twice = { x: 1 }
    expect(toJson([twice, twice])).toEqual([twice, twice])
  })

  it('rejects values nested deeper than the limit', () => {
    expect(toJson(nested(MAX_DEPTH))).toEqual(nested(MAX_DEPTH))
    expect(refusal(nested(MAX_DEPTH + 1)).path).toBe('/0'.repeat(MAX_DEPTH))
    expect(refusal(nested(100_000)).path).toBe('/0'.repeat(MAX_DEPTH))
  })

  it('keeps lone surrogates, which JSON text can contain', () => {
    expect(toJson(['\ud800', { '\udc00': 1 }])).toEqual(['\ud800', { '\udc00': 1 }])
  })
})

describe('jsonEqual()', () => {
  it('agrees with a comparison of texts with sorted members', () => {
    const sorted = (value: unknown): string =>
      JSON.stringify(value, (_, each: unknown) =>
        isJsonObject(each as Json)
          ? Object.fromEntries(Object.entries(each as object).sort(([a], [b]) => (a < b ? -1 : 1)))
          : each,
      )
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(jsonEqual(a, b)).toBe(sorted(a) === sorted(b))
        expect(jsonEqual(a, parsed(a))).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  it('ignores inherited members', () => {
    expect(jsonEqual({ toString: 1 }, { valueOf: 1 })).toBe(false)
    expect(jsonEqual(JSON.parse('{"__proto__":{}}') as Json, { x: 1 })).toBe(false)
    expect(jsonEqual([], {})).toBe(false)
    expect(jsonEqual({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(true)
    expect(jsonEqual({ a: 1, b: 2 }, { a: 1 })).toBe(false)
    expect(jsonEqual({ a: 1 }, { a: 1, b: 2 })).toBe(false)
  })
})

describe('jsonBytes()', () => {
  it('returns the length of the JSON text in UTF-8', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(jsonBytes(value)).toBe(textBytes(value))
      }),
      { numRuns: 1000 },
    )
    for (const value of ['\ud800', '\udc00\ud800', '\ud800\ud800\udc00\udc00', '\u0007\n"\\/\u007f', 'é水🙂']) {
      expect(jsonBytes(value)).toBe(textBytes(value))
    }
    for (const value of [0, -0, 9, 10, -10, 999_999_999_999_999, 2 ** 53, 1e21, -1.5e-7]) {
      expect(jsonBytes(value)).toBe(textBytes(value))
    }
  })

  it('fits within a limit exactly when the text does', () => {
    fc.assert(
      fc.property(json, fc.integer({ min: -2, max: 2 }), (value, off) => {
        expect(fitsJsonBytes(value, textBytes(value) + off)).toBe(off >= 0)
      }),
      { numRuns: 1000 },
    )
  })
})
