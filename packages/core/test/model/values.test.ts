import { ArgumentError, type Duration, defineCollection, PositionError, systemRuntime } from '@sync/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scopeId } from '../../src/model/address.ts'
import { parseDuration } from '../../src/model/duration.ts'
import { decodePosition, encodePosition } from '../../src/model/position.ts'

describe('decodePosition()', () => {
  it('returns the encoded position for any epoch name', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.nat(), (epoch, sequence) => {
        expect(decodePosition(JSON.parse(JSON.stringify(encodePosition({ epoch, sequence }))))).toEqual({
          epoch,
          sequence,
        })
      }),
    )
  })

  it.each(['', '1', '1.', '.e', '-1.e', '01.e', '1e3.e', 'x.e'])('rejects %j', (text) => {
    expect(() => decodePosition(text)).toThrow(PositionError)
  })
})

describe('parseDuration()', () => {
  it.each([
    [5, 5],
    ['250ms', 250],
    ['1.5s', 1_500],
    ['15m', 900_000],
    ['6h', 21_600_000],
    ['7d', 604_800_000],
  ] as [Duration, number][])('parses %j as %i ms', (duration, ms) => {
    expect(parseDuration(duration, 'x')).toBe(ms)
  })

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e19, '36501d', '5', 's', '1 s', '-1s'] as Duration[])(
    'rejects %j',
    (duration) => {
      expect(() => parseDuration(duration, 'ttl')).toThrow(ArgumentError)
    },
  )
})

describe('scopeId()', () => {
  it('returns different ids for different scopes', () => {
    const name = fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom('a', ':', '/', '1', '2') })
    const scope = fc.record({ partition: name, section: name, key: fc.option(name, { nil: undefined }) })
    fc.assert(
      fc.property(scope, scope, (a, b) => {
        const same = a.partition === b.partition && a.section === b.section && a.key === b.key
        const id = ({ key, ...ref }: typeof a): string => scopeId(key === undefined ? ref : { ...ref, key })
        expect(id(a) === id(b)).toBe(same)
      }),
    )
  })
})

describe('defineCollection()', () => {
  it.each([
    [{ section: '', ttl: 'never' }, /section/],
    [{ section: 's' }, /ttl/],
    [{ section: 's', ttl: '5 parsecs' }, /ttl of "s"/],
    [{ section: 's', ttl: null }, /ttl/],
    [
      { section: 's', ttl: 'never', subscribeBy: 'document', replicate: 'all' },
      /replicate of "s": expected 'on-demand' with subscribeBy/,
    ],
    [{ section: 's', ttl: 'never', replicate: 'al' }, /replicate of "s": expected 'on-demand' or 'all', got "al"/],
    [{ section: 's', ttl: 'never', merge: { a: 5 } }, /merge\.a of "s": expected a function/],
    [{ section: 's', ttl: { after: 'never', sliding: true } }, /expected a duration with sliding: true/],
  ])('rejects %j', (options, message) => {
    expect(() => defineCollection(options as never)).toThrow(message)
  })
})

describe('systemRuntime', () => {
  it('follows the wall clock and creates ids of 12 characters', () => {
    expect(Math.abs(systemRuntime.now() - Date.now())).toBeLessThan(50)
    expect(systemRuntime.id()).toMatch(/^[\w-]{12}$/)
  })
})
