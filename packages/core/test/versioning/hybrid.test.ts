import {
  ArgumentError,
  ClockDriftError,
  compareHybrid,
  createHybridClock,
  type HybridStamp,
  LimitError,
  parseHybrid,
} from '@sync/core/versioning'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eachPair, nodeName, run, steps } from './history.ts'

const DRIFT = 1_000
const FULL = 0xffff
const LAST = 2 ** 48 - 1

const wallTime = fc.double({ min: -10, max: 20_000, noNaN: true })
const counters = fc.oneof(fc.nat({ max: FULL }), fc.constantFrom(0, FULL - 1, FULL))
/** Few values of each, so that ties occur. */
const moments = fc.record({
  time: fc.constantFrom(9, 10, 255, 256, LAST),
  counter: fc.constantFrom(0, 9, 10, FULL),
  node: nodeName,
})
/** Sets the wall clock to any time, followed by a local event or by a message that is `ahead` ms ahead of it. */
const action = fc.record({
  wall: wallTime,
  message: fc.option(fc.record({ ahead: fc.integer({ min: -3 * DRIFT, max: 2 * DRIFT }), counter: counters })),
})

const stampOf = (time: number, counter: number, node: string): HybridStamp =>
  `${time.toString(16).padStart(12, '0')}-${counter.toString(16).padStart(4, '0')}-${node}`

/** Creates a clock whose wall clock the test sets. */
function createClockAt(wall = 0) {
  const at = { wall }
  return { at, clock: createHybridClock({ node: 'here', now: () => at.wall, maxDrift: DRIFT }) }
}

describe('compareHybrid()', () => {
  it('orders events as they happened and distinguishes every event, at any wall-clock times', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.nat({ max: 100 }), { minLength: 1 }), (steps, walls) => {
        let reading = 0
        const now = (): number => walls[reading++ % walls.length] as number
        const events = run(steps, (node) => createHybridClock({ node, now }))
        eachPair(events, (a, b, order) => {
          if (order === 'before') expect(compareHybrid(a, b)).toBe(-1)
          expect(compareHybrid(a, b) === 0).toBe(order === 'equal')
        })
      }),
    )
  })
})

describe('createHybridClock()', () => {
  it('returns rising stamps, later than those received, at any wall-clock time', () => {
    fc.assert(
      fc.property(fc.array(action), (actions) => {
        const { at, clock } = createClockAt()
        let last = ''
        for (const { wall, message } of actions) {
          at.wall = wall
          const sent = stampOf(
            Math.max(0, Math.floor(wall) + Math.min(message?.ahead ?? 0, DRIFT)),
            message?.counter ?? 0,
            'there',
          )
          const stamp = message ? clock.receive(sent) : clock.tick()
          expect(stamp > last).toBe(true)
          if (message) expect(stamp > sent).toBe(true)
          last = stamp
        }
      }),
    )
  })

  it('returns stamps never behind the wall clock and at most the drift plus 1 ms ahead of its highest reading', () => {
    fc.assert(
      fc.property(fc.array(action), (actions) => {
        const { at, clock } = createClockAt()
        let highest = 0
        for (const { wall, message } of actions) {
          at.wall = wall
          highest = Math.max(highest, Math.floor(wall))
          const sent = Math.max(0, Math.floor(wall) + (message?.ahead ?? 0))
          if (message && sent - Math.floor(wall) > DRIFT) {
            expect(() => clock.receive(stampOf(sent, message.counter, 'there'))).toThrow(ClockDriftError)
            continue
          }
          const { time } = parseHybrid(message ? clock.receive(stampOf(sent, message.counter, 'there')) : clock.tick())
          expect(time).toBeGreaterThanOrEqual(Math.floor(wall))
          expect(time).toBeLessThanOrEqual(highest + DRIFT + 1)
        }
      }),
    )
  })
})

describe('compareHybrid()', () => {
  it('orders stamps as text by time, counter and node', () => {
    fc.assert(
      fc.property(moments, moments, fc.boolean(), (a, other, isTie) => {
        const b = isTie ? { ...a, node: other.node } : other
        const texts = [stampOf(a.time, a.counter, a.node), stampOf(b.time, b.counter, b.node)] as const
        const byNode = a.node === b.node ? 0 : a.node < b.node ? -1 : 1
        const expected = Math.sign(a.time - b.time || a.counter - b.counter || byNode)
        expect(compareHybrid(...texts)).toBe(expected)
        expect([...texts].sort()).toEqual(expected > 0 ? [texts[1], texts[0]] : texts)
      }),
    )
  })
})

describe('parseHybrid()', () => {
  it('returns the parts of a stamp for any node name', () => {
    const node = fc.oneof(nodeName, fc.string({ minLength: 1 }), fc.constantFrom('\ud800', 'a\nb', '-', '0-0'))
    fc.assert(
      fc.property(fc.nat({ max: LAST - 1 }), node, (wall, node) => {
        const first = createHybridClock({ node, now: () => wall + 1.5 })
        expect(parseHybrid(JSON.parse(JSON.stringify(first.tick())))).toEqual({ time: wall + 1, counter: 0, node })
        expect(parseHybrid(first.tick())).toEqual({ time: wall + 1, counter: 1, node })
      }),
    )
  })
})

describe('createHybridClock()', () => {
  it('rejects a message too far ahead with its drift, and leaves the clock unchanged', () => {
    const { clock } = createClockAt(5_000)
    const refused = (): unknown => clock.receive(stampOf(6_001, 3, 'there'))
    expect(refused).toThrow(expect.objectContaining({ code: 'SYNC_CLOCK_DRIFT', drift: 1_001, maxDrift: DRIFT }))
    expect(refused).toThrow(expect.objectContaining({ committed: 'no', retryable: true }))
    expect(clock.tick()).toBe(stampOf(5_000, 0, 'here'))
    expect(clock.receive(stampOf(6_000, 3, 'there'))).toBe(stampOf(6_000, 4, 'here'))
  })

  it('accepts messages up to one minute ahead by default', () => {
    const clock = createHybridClock({ node: 'here', now: () => 0 })
    expect(() => clock.receive(stampOf(60_001, 0, 'there'))).toThrow(ClockDriftError)
    expect(clock.receive(stampOf(60_000, 0, 'there'))).toBe(stampOf(60_000, 1, 'here'))
  })

  it('carries a full counter into the time, and the wall clock catches up with it', () => {
    const { at, clock } = createClockAt(1_000)
    clock.receive(stampOf(1_000, FULL - 1, 'there'))
    expect(clock.tick()).toBe(stampOf(1_001, 0, 'here'))
    at.wall = 1_002
    expect(clock.tick()).toBe(stampOf(1_002, 0, 'here'))
  })

  it('continues after a given stamp, even when the wall clock was set back by more than the drift', () => {
    const clock = createHybridClock({ node: 'a', now: () => 10, maxDrift: 1, after: stampOf(90_000, 8, 'a') })
    expect(clock.tick()).toBe(stampOf(90_000, 9, 'a'))
  })

  it('throws when the time reaches its limit', () => {
    const clock = createHybridClock({ node: 'a', after: stampOf(LAST, FULL - 1, 'a') })
    expect(clock.tick()).toBe(stampOf(LAST, FULL, 'a'))
    expect(() => clock.tick()).toThrow(LimitError)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 48])(
    'rejects the wall-clock time %d',
    (wall) => {
      const { at, clock } = createClockAt(wall)
      expect(() => clock.tick()).toThrow(ArgumentError)
      expect(() => clock.receive(stampOf(5, 0, 'b'))).toThrow(ArgumentError)
      at.wall = 1
      expect(clock.tick()).toBe(stampOf(1, 0, 'here'))
    },
  )

  it.each([
    'null',
    '5',
    '""',
    '["00000000000a-0000-b"]',
    '"0000000000a-0000-b"',
    '"0000000000a0000-b"',
    '"00000000000A-0000-b"',
    '"00000000000a-0000-"',
    '" 00000000000a-0000-b"',
  ])('rejects %s as a stamp', (json) => {
    const { clock } = createClockAt()
    expect(() => parseHybrid(JSON.parse(json))).toThrow(ArgumentError)
    expect(() => clock.receive(JSON.parse(json))).toThrow(ArgumentError)
  })

  it('rejects invalid options', () => {
    expect(() => createHybridClock({ node: '' })).toThrow(ArgumentError)
    expect(() => createHybridClock({ node: 'a', maxDrift: 0 })).toThrow(ArgumentError)
    expect(() => createHybridClock({ node: 'a', after: 'x' })).toThrow(ArgumentError)
  })
})
