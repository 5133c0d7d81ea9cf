import fc from 'fast-check'
import fastJsonPatch from 'fast-json-patch'
import { describe, expect, it } from 'vitest'
import { deepFreeze, type Json, type JsonObject } from '../../src/model/json.ts'
import { apply, diff, type Operation } from '../../src/patch/index.ts'
import { documentPair, json, parsed, textBytes } from './documents.ts'

const anyPair = fc.oneof(documentPair, fc.tuple(json, json))

/** Returns the field that an operation changes. */
const fieldOf = ({ path }: Operation): string => path.split('/')[1] as string

describe('diff()', () => {
  it('returns a patch that turns one document into the other', () => {
    fc.assert(
      fc.property(anyPair, ([base, target]) => {
        expect(parsed(apply(base, diff(base, target)))).toEqual(parsed(target))
      }),
      { numRuns: 2000 },
    )
  })

  it('returns a patch that other implementations apply the same way', () => {
    fc.assert(
      fc.property(anyPair, ([base, target]) => {
        // fast-json-patch calls a member of that name as if it were the method
        fc.pre(!JSON.stringify([base, target]).includes('hasOwnProperty'))
        const theirs = fastJsonPatch.applyPatch(parsed(base), parsed(diff(base, target)) as never, true).newDocument
        expect(parsed(theirs)).toEqual(parsed(target))
      }),
      { numRuns: 500 },
    )
  })

  it('returns nothing for equal values, without shared parts', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(diff(value, parsed(value))).toEqual([])
      }),
    )
  })

  it('ignores the order of members', () => {
    expect(diff({ a: 1, b: { c: 1, d: [2] } }, { b: { d: [2], c: 1 }, a: 1 })).toEqual([])
  })

  it('treats -0 as 0', () => {
    expect(diff({ a: 0, b: [-0] }, { a: -0, b: [0] })).toEqual([])
  })

  it('leaves both documents unchanged', () => {
    fc.assert(
      fc.property(documentPair, ([base, target]) => {
        const before = JSON.stringify([base, target])
        diff(base, target)
        expect(JSON.stringify([base, target])).toBe(before)
      }),
    )
  })

  it('returns operations field by field, none of which touches two fields', () => {
    fc.assert(
      fc.property(documentPair, ([base, target]) => {
        const patch = diff(base, target)
        const fields = patch.map(fieldOf).filter((field, i, all) => field !== all[i - 1])
        expect(new Set(fields).size).toBe(fields.length)
        expect(patch.every(({ path }) => path !== '')).toBe(true)
        const moved = patch.filter(({ from }) => from !== undefined)
        expect(moved.map(({ from }) => (from as string).split('/')[1])).toEqual(moved.map(fieldOf))
      }),
    )
  })

  it('returns no more bytes for a field than its replacement', () => {
    fc.assert(
      fc.property(documentPair, ([base, target]) => {
        for (const [field, operations = []] of Object.entries(Object.groupBy(diff(base, target), fieldOf))) {
          const path = `/${field}`
          const name = field.replaceAll('~1', '/').replaceAll('~0', '~')
          const whole = Object.hasOwn(target, name)
            ? { op: Object.hasOwn(base, name) ? 'replace' : 'add', path, value: target[name] }
            : { op: 'remove', path }
          expect(textBytes(operations)).toBeLessThanOrEqual(textBytes([whole]))
        }
      }),
      { numRuns: 500 },
    )
  })

  it('returns no more bytes inside a field than the replacement of the changed part', () => {
    const wide = (n: number): JsonObject => ({ text: 'x'.repeat(200), small: { a: n, b: n, c: n, d: n } })
    expect(diff({ f: wide(1) }, { f: wide(2) })).toEqual([{ op: 'replace', path: '/f/small', value: wide(2)['small'] }])
  })

  it('skips parts that both documents share', () => {
    const untouchable = new Proxy(Object.freeze({}), {
      ownKeys: () => expect.unreachable('a shared part was read'),
      get: () => expect.unreachable('a shared part was read'),
    }) as JsonObject
    const list = [untouchable, { n: 1 }, untouchable]
    const patch = diff({ a: untouchable, list }, { a: untouchable, list: list.with(1, { n: 2 }) })
    expect(patch).toEqual([{ op: 'replace', path: '/list/1/n', value: 2 }])
  })

  it('escapes names and addresses empty ones', () => {
    const base = deepFreeze({ 'a/b': { '~': { '': [1, 'x'.repeat(99)] } } })
    const target = { 'a/b': { '~': { '': [2, 'x'.repeat(99)] } } }
    expect(diff(base, target)).toEqual([{ op: 'replace', path: '/a~1b/~0//0', value: 2 }])
  })

  it('replaces the whole value when its member names are longer than the values', () => {
    expect(diff({ f: { '~~~~~~~~': 1 } }, { f: { '~~~~~~~~': 2 } })).toEqual([
      { op: 'replace', path: '/f', value: { '~~~~~~~~': 2 } },
    ])
  })

  it('distinguishes arrays, objects, null and missing members', () => {
    const values: (Json | undefined)[] = [[], {}, null, 0, '', false, undefined]
    for (const a of values) {
      for (const b of values) {
        const [base, target] = [a === undefined ? {} : { f: a }, b === undefined ? {} : { f: b }] as [
          JsonObject,
          JsonObject,
        ]
        expect(apply(base, diff(base, target))).toStrictEqual(target)
        expect(diff(base, target)).toHaveLength(a === b ? 0 : 1)
      }
    }
  })

  it('replaces values beyond a certain depth without comparing their parts', () => {
    const nested = (n: Json): Json =>
      Array.from({ length: 200 }).reduce<Json>((inner) => ({ inner, pad: 'x'.repeat(50) }), n)
    const patch = diff({ f: nested(1) }, { f: nested(2) })
    expect(apply({ f: nested(1) }, patch)).toEqual({ f: nested(2) })
    expect(patch).toHaveLength(1)
  })
})
