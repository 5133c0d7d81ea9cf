import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { growthOf, type Sample } from '../src/soak/growth.ts'
import { createRandom } from '../src/workload/random.ts'

const MIB = 1_048_576
const bound = { absolute: MIB / 2, share: 0.03 }

interface Made {
  readonly seed: number
  readonly count: number
  /** Bytes per sample. */
  readonly leak?: number
  /** Bytes, up or down. */
  readonly noise?: number
}

/** A heap of 10 MiB, once a second. */
function heap({ seed, count, leak = 0, noise = 0 }: Made): Sample[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, (_, n) => ({
    at: n * 1_000,
    value: 10 * MIB + n * leak + random.between(-noise, noise),
  }))
}

const seeds = fc.nat(1_000_000)

describe('a heap', () => {
  test('that leaks is found to grow, under noise, by about as much', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { slope, total, grows } = growthOf(heap({ seed, count: 90, leak: MIB / 60, noise: MIB / 4 }), bound)
        expect(grows).toBe(true)
        expect(slope * 1_000).toBeGreaterThan(MIB / 60 / 1.5)
        expect(slope * 1_000).toBeLessThan((MIB / 60) * 1.5)
        expect(total).toBeCloseTo(slope * 89_000)
      }),
    )
  })

  test('that is only noisy is not', () => {
    fc.assert(fc.property(seeds, (seed) => !growthOf(heap({ seed, count: 90, noise: MIB / 4 }), bound).grows))
  })

  test('that leaks less than the bound over the time is not, and is over a longer one', () => {
    const leak = MIB / 200
    expect(growthOf(heap({ seed: 1, count: 60, leak, noise: MIB / 10 }), bound)).toMatchObject({
      rises: true,
      grows: false,
    })
    expect(growthOf(heap({ seed: 1, count: 600, leak, noise: MIB / 10 }), bound).grows).toBe(true)
  })

  test('that rises and falls like a saw is not, wherever it ends', () => {
    const tooth = (n: number): number => 10 * MIB + ((n % 20) / 20) * MIB
    for (let count = 90; count < 110; count++) {
      const samples = Array.from({ length: count }, (_, n) => ({ at: n * 1_000, value: tooth(n) }))
      expect(growthOf(samples, bound).grows).toBe(false)
    }
  })

  test('with a few outliers is judged by the rest', () => {
    const samples = heap({ seed: 3, count: 90, noise: MIB / 10 })
    const spiked = samples.map((sample, n) => (n > 80 && n % 3 === 0 ? { ...sample, value: 90 * MIB } : sample))
    expect(growthOf(spiked, bound).grows).toBe(false)
  })

  test('that shrinks is not', () => {
    expect(growthOf(heap({ seed: 1, count: 90, leak: -MIB / 60 }), bound)).toMatchObject({ rises: false, grows: false })
  })

  test('whose absolute bound is small may grow by its share', () => {
    const samples = heap({ seed: 1, count: 90, leak: MIB / 400 })
    expect(growthOf(samples, { absolute: 0, share: 0.03 }).grows).toBe(false)
    expect(growthOf(samples, { absolute: 0, share: 0.01 }).grows).toBe(true)
  })

  test('of which there are too few samples is not judged', () => {
    expect(() => growthOf(heap({ seed: 1, count: 7 }), bound)).toThrow(RangeError)
  })
})

test('a count that stands still does not grow', () => {
  const samples = Array.from({ length: 30 }, (_, n) => ({ at: n, value: 8 }))
  expect(growthOf(samples, { absolute: 0, share: 0 })).toEqual({ slope: 0, total: 0, rises: false, grows: false })
})
