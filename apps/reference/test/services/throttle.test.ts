import { describe, expect, it } from 'vitest'
import { type Rate, Throttle } from '../../src/services/throttle.ts'

const never = new AbortController().signal

describe('a throttle', () => {
  it.each<Rate>(['max', 100_000])('that stood still lets go who waits when its rate becomes %s', async (rate) => {
    const throttle = new Throttle(0, never)
    const turn = throttle.acquire()
    throttle.rate = rate
    await turn
  })

  it('that stands still lets go who waits when all ends', async () => {
    const stop = new AbortController()
    const turn = new Throttle(0, stop.signal).acquire()
    stop.abort()
    await turn
  })

  it('does not go faster than it may', async () => {
    const throttle = new Throttle(1_000, never)
    const start = performance.now()
    for (let i = 0; i < 300; i++) await throttle.acquire()
    // a tenth of a second's worth may have been saved up
    expect(performance.now() - start).toBeGreaterThan(150)
  })
})
