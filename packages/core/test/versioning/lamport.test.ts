import {
  ArgumentError,
  compareLamport,
  createLamportClock,
  type LamportStamp,
  LimitError,
  parseLamport,
} from '@sync/core/versioning'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eachPair, nodeName, run, steps } from './history.ts'

const most = Number.MAX_SAFE_INTEGER
const stamps = fc.record({ counter: fc.nat({ max: 3 }), node: nodeName })

test('what happened before has the lesser stamp, and no two events have the same', () => {
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

test('the order is total: by counter, then by node', () => {
  fc.assert(
    fc.property(stamps, stamps, stamps, (a, b, c) => {
      expect(compareLamport(a, b) + compareLamport(b, a)).toBe(0)
      expect(compareLamport(a, b) === 0).toBe(a.counter === b.counter && a.node === b.node)
      if (a.counter < b.counter || (a.counter === b.counter && a.node < b.node)) expect(compareLamport(a, b)).toBe(-1)
      if (compareLamport(a, b) <= 0 && compareLamport(b, c) <= 0) expect(compareLamport(a, c)).toBeLessThanOrEqual(0)
    }),
  )
})

test('a clock counts from 1, jumps over what it hears of, and goes on after a restart', () => {
  const clock = createLamportClock({ node: 'a' })
  expect(clock.tick()).toEqual({ counter: 1, node: 'a' })
  expect(clock.receive({ counter: 7, node: 'b' })).toEqual({ counter: 8, node: 'a' })
  expect(clock.receive({ counter: 2, node: 'b' })).toEqual({ counter: 9, node: 'a' })
  expect(createLamportClock({ node: 'a', after: clock.tick() }).tick()).toEqual({ counter: 11, node: 'a' })
})

test('a stamp is frozen and comes back from JSON as it was', () => {
  const stamp = createLamportClock({ node: '__proto__' }).tick()
  const back = parseLamport(JSON.parse(JSON.stringify(stamp)))
  expect(back).toEqual(stamp)
  expect([stamp, back].every(Object.isFrozen)).toBe(true)
})

test('a counter at its end says so, and the clock is as it was', () => {
  const clock = createLamportClock({ node: 'a' })
  expect(() => clock.receive({ counter: most, node: 'b' })).toThrow(LimitError)
  expect(clock.tick().counter).toBe(1)
  expect(clock.receive({ counter: most - 1, node: 'b' }).counter).toBe(most)
  expect(() => clock.tick()).toThrow(LimitError)
})

test.each([
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
])('%s is no stamp', (json) => {
  const clock = createLamportClock({ node: 'a' })
  const value: LamportStamp = JSON.parse(json)
  expect(() => parseLamport(value)).toThrow(ArgumentError)
  expect(() => clock.receive(value)).toThrow(ArgumentError)
  expect(() => createLamportClock({ node: 'a', after: value })).toThrow(ArgumentError)
  expect(clock.tick().counter).toBe(1)
})

test('a node has a name', () => {
  expect(() => createLamportClock({ node: '' })).toThrow(ArgumentError)
})
