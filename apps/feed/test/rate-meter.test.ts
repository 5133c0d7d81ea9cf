import { describe, expect, it } from 'vitest'
import { createRateMeter } from '../src/rate-meter.ts'

describe('createRateMeter()', () => {
  it('returns the growth per second over the window', () => {
    const meter = createRateMeter(1_000)
    expect(meter.read(0, 0)).toBe(0)
    expect(meter.read(50, 100)).toBe(500)
    for (let at = 200; at <= 5_000; at += 100) meter.read(at / 2, at)
    expect(meter.read(2_550, 5_100)).toBeCloseTo(500)
    for (let at = 5_200; at <= 6_200; at += 100) meter.read(2_550, at)
    expect(meter.read(2_550, 6_300)).toBe(0)
  })
})
