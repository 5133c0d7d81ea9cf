import { expect, it } from 'vitest'
import { type Clock, createPacer } from '../src/pacing.ts'

/** A clock whose sleeps end late by what `late` says. */
function testClock(late: () => number): Clock & { readonly slept: number[]; breaths: number; pass(ms: number): void } {
  let now = 1_000
  const slept: number[] = []
  return {
    slept,
    breaths: 0,
    now: () => now,
    pass(ms) {
      now += ms
    },
    async sleep(ms) {
      slept.push(ms)
      now += ms + late()
    },
    async breathe() {
      this.breaths++
    },
  }
}

async function take(pacer: { turn(): Promise<void> }, turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await pacer.turn()
}

it('turns come at the rate asked for, however late the timers are', async () => {
  const clock = testClock(() => 3.7)
  await take(createPacer(500, { clock }), 10_001)
  // the 10,001st turn is due after exactly 20 s
  expect(clock.now() - 1_000).toBeGreaterThan(19_996)
  expect(clock.now() - 1_000).toBeLessThan(20_004)
})

it('time lost to slow work is made up', async () => {
  const clock = testClock(() => 0)
  const pacer = createPacer(100, { clock })
  await take(pacer, 10)
  clock.pass(500)
  await take(pacer, 50)
  expect(clock.now() - 1_000).toBeLessThan(600)
  await take(pacer, 41)
  expect(clock.now() - 1_000).toBeCloseTo(1_000)
})

it('a rate finer than the timers sleeps now and then', async () => {
  const clock = testClock(() => 0)
  await take(createPacer(100_000, { clock }), 10_000)
  expect(Math.min(...clock.slept)).toBeGreaterThanOrEqual(2)
  expect(clock.slept.length).toBeLessThan(60)
})

it('without a rate nothing sleeps, but everything else gets its turn', async () => {
  const clock = testClock(() => 0)
  await take(createPacer('max', { clock }), 640)
  expect(clock.slept).toEqual([])
  expect(clock.breaths).toBe(10)
})
