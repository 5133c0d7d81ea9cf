import { describe, expect, it } from 'vitest'
import { type Rate, Throttle } from '../../src/services/throttle.ts'

const never = new AbortController().signal

describe('Throttle', () => {
  it.each<Rate>(['max', 100_000])('resolves a pending acquire when the rate changes from 0 to %s', async (rate) => {
    const throttle = new Throttle(0, never)
    const turn = throttle.acquire()
    throttle.rate = rate
    await turn
  })

  it('resolves a pending acquire when its signal aborts', async () => {
    const stop = new AbortController()
    const turn = new Throttle(0, stop.signal).acquire()
    stop.abort()
    await turn
  })

  it('does not exceed its rate', async () => {
    const throttle = new Throttle(1_000, never)
    const start = performance.now()
    for (let i = 0; i < 300; i++) await throttle.acquire()
    // the credit of a tenth of a second may have accumulated
    expect(performance.now() - start).toBeGreaterThan(150)
  })
})
