import { describe, expect, it } from 'vitest'
import { type Clock, createRateLimiter } from '../src/rate-limiter.ts'

/** Creates a clock whose sleeps end late by the result of `lateness`, in ms. */
function testClock(
  lateness: () => number,
): Clock & { readonly slept: number[]; yields: number; pass(ms: number): void } {
  let now = 1_000
  const slept: number[] = []
  return {
    slept,
    yields: 0,
    now: () => now,
    pass(ms) {
      now += ms
    },
    async sleep(ms) {
      slept.push(ms)
      now += ms + lateness()
    },
    async yieldToEventLoop() {
      this.yields++
    },
  }
}

async function acquireMany(rateLimiter: { acquire(): Promise<void> }, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await rateLimiter.acquire()
}

describe('createRateLimiter()', () => {
  it('keeps the requested rate when timers are late', async () => {
    const clock = testClock(() => 3.7)
    await acquireMany(createRateLimiter(500, { clock }), 10_001)
    // the 10,001st slot is due after exactly 20 s
    expect(clock.now() - 1_000).toBeGreaterThan(19_996)
    expect(clock.now() - 1_000).toBeLessThan(20_004)
  })

  it('compensates for time lost to slow work', async () => {
    const clock = testClock(() => 0)
    const rateLimiter = createRateLimiter(100, { clock })
    await acquireMany(rateLimiter, 10)
    clock.pass(500)
    await acquireMany(rateLimiter, 50)
    expect(clock.now() - 1_000).toBeLessThan(600)
    await acquireMany(rateLimiter, 41)
    expect(clock.now() - 1_000).toBeCloseTo(1_000)
  })

  it('skips sleeps that are shorter than the timer resolution', async () => {
    const clock = testClock(() => 0)
    await acquireMany(createRateLimiter(100_000, { clock }), 10_000)
    expect(Math.min(...clock.slept)).toBeGreaterThanOrEqual(2)
    expect(clock.slept.length).toBeLessThan(60)
  })

  it('never sleeps but yields to the event loop when the rate is max', async () => {
    const clock = testClock(() => 0)
    await acquireMany(createRateLimiter('max', { clock }), 640)
    expect(clock.slept).toEqual([])
    expect(clock.yields).toBe(10)
  })
})
