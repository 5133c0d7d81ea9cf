import { expect, it } from 'vitest'
import { type Clock, createRateLimiter } from '../src/rate-limiter.ts'

/** A clock whose sleeps end late by what `late` says. */
function testClock(late: () => number): Clock & { readonly slept: number[]; yields: number; pass(ms: number): void } {
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
      now += ms + late()
    },
    async yieldToEventLoop() {
      this.yields++
    },
  }
}

async function acquireMany(rateLimiter: { acquire(): Promise<void> }, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await rateLimiter.acquire()
}

it('turns come at the rate asked for, however late the timers are', async () => {
  const clock = testClock(() => 3.7)
  await acquireMany(createRateLimiter(500, { clock }), 10_001)
  // the 10,001st turn is due after exactly 20 s
  expect(clock.now() - 1_000).toBeGreaterThan(19_996)
  expect(clock.now() - 1_000).toBeLessThan(20_004)
})

it('time lost to slow work is made up', async () => {
  const clock = testClock(() => 0)
  const rateLimiter = createRateLimiter(100, { clock })
  await acquireMany(rateLimiter, 10)
  clock.pass(500)
  await acquireMany(rateLimiter, 50)
  expect(clock.now() - 1_000).toBeLessThan(600)
  await acquireMany(rateLimiter, 41)
  expect(clock.now() - 1_000).toBeCloseTo(1_000)
})

it('a rate finer than the timers sleeps now and then', async () => {
  const clock = testClock(() => 0)
  await acquireMany(createRateLimiter(100_000, { clock }), 10_000)
  expect(Math.min(...clock.slept)).toBeGreaterThanOrEqual(2)
  expect(clock.slept.length).toBeLessThan(60)
})

it('without a rate nothing sleeps, but everything else gets its turn', async () => {
  const clock = testClock(() => 0)
  await acquireMany(createRateLimiter('max', { clock }), 640)
  expect(clock.slept).toEqual([])
  expect(clock.yields).toBe(10)
})
