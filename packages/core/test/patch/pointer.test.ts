import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isForbiddenName } from '../../src/model/json-pointer.ts'
import { formatPointer, parsePointer } from '../../src/patch/index.ts'
import { parseIndex } from '../../src/patch/pointer.ts'

describe('parsePointer() and formatPointer()', () => {
  it('return the original names for any characters', () => {
    const name = fc.string({ unit: 'binary' }).filter((each) => !isForbiddenName(each))
    fc.assert(
      fc.property(fc.array(name), (names) => {
        expect(parsePointer(formatPointer(names))).toEqual(names)
      }),
    )
  })

  it('follow RFC 6901', () => {
    expect(parsePointer('')).toEqual([])
    expect(parsePointer('/')).toEqual([''])
    expect(parsePointer('/foo/0')).toEqual(['foo', '0'])
    expect(parsePointer('/a~1b/m~0n/~01')).toEqual(['a/b', 'm~n', '~1'])
    expect(formatPointer(['a/b', 0, '~1', ''])).toBe('/a~1b/0/~01/')
  })

  it.for(['a', 'a/b', '/~', '/a~2', '/~~0', '/a/b~'])('reject a malformed pointer: %s', (pointer) => {
    expect(() => parsePointer(pointer)).toThrow(expect.objectContaining({ reason: 'bad-pointer', path: pointer }))
  })

  it('stay correct when more pointers occur than the cache holds', () => {
    for (let i = 0; i < 5000; i++) expect(parsePointer(`/a~1${i % 2500}/x`)).toEqual([`a/${i % 2500}`, 'x'])
  })

  it('accept an index only as decimal digits without a leading zero', () => {
    expect(['0', '7', '10', '999999999999999'].map(parseIndex)).toEqual([0, 7, 10, 999999999999999])
    for (const text of ['', '-', '-1', '00', '01', '1.0', '1e3', ' 1', '+1', '٣', '1000000000000000']) {
      expect(parseIndex(text)).toBeUndefined()
    }
  })
})
