import {
  ArgumentError,
  compareLamport,
  createLamportClock,
  type LamportStamp,
  LimitError,
  parseLamport,
} from '@sync/core/versioning'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eachPair, nodeName, run, steps } from './history.ts'

const maxCount = Number.MAX_SAFE_INTEGER
const stamps = fc.record({ counter: fc.nat({ max: 3 }), node: nodeName })

describe('compareLamport()', () => {
  it('orders events as they happened and distinguishes every event', () => {
    fc.assert(
      fc.property(steps, (steps) => {
        eachPair(
          run(steps, (node) => createLamportClock({ node })),
          (a, b, order) => {
            if (order === 'before') expect(compareLamport(a, b)).toBe(-1)
            expect(compareLamport(a, b) === 0).toBe(order === 'equal')
          },
        )
      }),
    )
  })

  it('is a total order: by counter, then by node', () => {
    fc.assert(
      fc.property(stamps, stamps, stamps, (a, b, c) => {
        expect(compareLamport(a, b) + compareLamport(b, a)).toBe(0)
        expect(compareLamport(a, b) === 0).toBe(a.counter === b.counter && a.node === b.node)
        if (a.counter < b.counter || (a.counter === b.counter && a.node < b.node)) expect(compareLamport(a, b)).toBe(-1)
        if (compareLamport(a, b) <= 0 && compareLamport(b, c) <= 0) expect(compareLamport(a, c)).toBeLessThanOrEqual(0)
      }),
    )
  })
})

describe('createLamportClock()', () => {
  it('counts from 1, passes what it receives and continues after a restart', () => {
    const clock = createLamportClock({ node: 'a' })
    expect(clock.tick()).toEqual({ counter: 1, node: 'a' })
    expect(clock.receive({ counter: 7, node: 'b' })).toEqual({ counter: 8, node: 'a' })
    expect(clock.receive({ counter: 2, node: 'b' })).toEqual({ counter: 9, node: 'a' })
    expect(createLamportClock({ node: 'a', after: clock.tick() }).tick()).toEqual({ counter: 11, node: 'a' })
  })

  it('returns frozen stamps that can be restored from JSON', () => {
    const stamp = createLamportClock({ node: '__proto__' }).tick()
    const back = parseLamport(JSON.parse(JSON.stringify(stamp)))
    expect(back).toEqual(stamp)
    expect([stamp, back].every(Object.isFrozen)).toBe(true)
  })

  it('throws when the counter reaches its limit, and leaves the clock unchanged', () => {
    const clock = createLamportClock({ node: 'a' })
    expect(() => clock.receive({ counter: maxCount, node: 'b' })).toThrow(LimitError)
    expect(clock.tick().counter).toBe(1)
    expect(clock.receive({ counter: maxCount - 1, node: 'b' }).counter).toBe(maxCount)
    expect(() => clock.tick()).toThrow(LimitError)
  })

  it.each([
    'null',
    '"a"',
    '[]',
    '{"counter":1}',
    '{"counter":1,"node":""}',
    '{"counter":1,"node":["a"]}',
    '{"counter":-1,"node":"a"}',
    '{"counter":0.5,"node":"a"}',
    '{"counter":"1","node":"a"}',
    '{"counter":{"toString":1},"node":"a"}',
    '{"counter":9007199254740992,"node":"a"}',
  ])('rejects %s as a stamp', (json) => {
    const clock = createLamportClock({ node: 'a' })
    const value: LamportStamp = JSON.parse(json)
    expect(() => parseLamport(value)).toThrow(ArgumentError)
    expect(() => clock.receive(value)).toThrow(ArgumentError)
    expect(() => createLamportClock({ node: 'a', after: value })).toThrow(ArgumentError)
    expect(clock.tick().counter).toBe(1)
  })

  it('rejects an empty node name', () => {
    expect(() => createLamportClock({ node: '' })).toThrow(ArgumentError)
  })
})
