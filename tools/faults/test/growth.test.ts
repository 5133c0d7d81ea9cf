import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { growthOf, type Sample } from '../src/soak/growth.ts'
import { createRandom } from '../src/workload/random.ts'

const MIB = 1_048_576
const bound = { absolute: MIB / 2, share: 0.03 }

interface HeapOptions {
  readonly seed: number
  readonly count: number
  /** Growth in bytes per sample. */
  readonly leak?: number
  /** Maximum random deviation in bytes, up or down. */
  readonly noise?: number
}

/** Samples of a heap of 10 MiB, taken once a second. */
function heap({ seed, count, leak = 0, noise = 0 }: HeapOptions): Sample[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, (_, n) => ({
    at: n * 1_000,
    value: 10 * MIB + n * leak + random.between(-noise, noise),
  }))
}

const seeds = fc.nat(1_000_000)

describe('growthOf', () => {
  it('detects a leak under noise and estimates its size', () => {
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

  it('detects no growth in pure noise', () => {
    fc.assert(fc.property(seeds, (seed) => !growthOf(heap({ seed, count: 90, noise: MIB / 4 }), bound).grows))
  })

  it('tolerates a leak below the bound, and detects it over a longer time', () => {
    const leak = MIB / 200
    expect(growthOf(heap({ seed: 1, count: 60, leak, noise: MIB / 10 }), bound)).toMatchObject({
      rises: true,
      grows: false,
    })
    expect(growthOf(heap({ seed: 1, count: 600, leak, noise: MIB / 10 }), bound).grows).toBe(true)
  })

  it('detects no growth in a sawtooth, regardless of where it ends', () => {
    const sawtooth = (n: number): number => 10 * MIB + ((n % 20) / 20) * MIB
    for (let count = 90; count < 110; count++) {
      const samples = Array.from({ length: count }, (_, n) => ({ at: n * 1_000, value: sawtooth(n) }))
      expect(growthOf(samples, bound).grows).toBe(false)
    }
  })

  it('ignores a few outliers', () => {
    const samples = heap({ seed: 3, count: 90, noise: MIB / 10 })
    const spiked = samples.map((sample, n) => (n > 80 && n % 3 === 0 ? { ...sample, value: 90 * MIB } : sample))
    expect(growthOf(spiked, bound).grows).toBe(false)
  })

  it('detects no growth in a shrinking series', () => {
    expect(growthOf(heap({ seed: 1, count: 90, leak: -MIB / 60 }), bound)).toMatchObject({ rises: false, grows: false })
  })

  it('tolerates growth up to the share when the absolute bound is smaller', () => {
    const samples = heap({ seed: 1, count: 90, leak: MIB / 400 })
    expect(growthOf(samples, { absolute: 0, share: 0.03 }).grows).toBe(false)
    expect(growthOf(samples, { absolute: 0, share: 0.01 }).grows).toBe(true)
  })

  it('throws a RangeError for fewer than 8 samples', () => {
    expect(() => growthOf(heap({ seed: 1, count: 7 }), bound)).toThrow(RangeError)
  })

  it('detects no growth in a constant series', () => {
    const samples = Array.from({ length: 30 }, (_, n) => ({ at: n, value: 8 }))
    expect(growthOf(samples, { absolute: 0, share: 0 })).toEqual({ slope: 0, total: 0, rises: false, grows: false })
  })
})
