import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { Silence } from '../src/connection/silence.ts'

const TIMEOUT = 1_000
/** What a silence may be noticed later. */
const LATE = TIMEOUT / 4

/** What happens on a line: some ms later a call is made, one is answered, or something else is heard. */
const happenings = fc.array(
  fc.record({ after: fc.integer({ min: 0, max: 700 }), what: fc.constantFrom('due', 'settled', 'heard') }),
  { maxLength: 60 },
)

describe('a line on which nothing comes back while an answer is due', () => {
  test('is noticed in time, and no other', () => {
    fc.assert(
      fc.property(happenings, (steps) => {
        vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] })
        try {
          play(steps)
        } finally {
          vi.useRealTimers()
        }
      }),
    )
  })
})

function play(steps: readonly { readonly after: number; readonly what: string }[]): void {
  let noticedAt: number | undefined
  const silence = new Silence(TIMEOUT, () => {
    noticedAt ??= Date.now()
  })
  let due = 0
  let since = 0
  for (const { after, what } of [...steps, { after: 3 * TIMEOUT, what: 'the end' }]) {
    vi.advanceTimersByTime(after)
    if (noticedAt !== undefined) {
      expect(due).toBeGreaterThan(0)
      expect(noticedAt - since).toBeGreaterThanOrEqual(TIMEOUT)
      return
    }
    if (due > 0) expect(Date.now() - since).toBeLessThanOrEqual(TIMEOUT + LATE)
    if (what === 'settled' && due === 0) continue
    if (what !== 'due' || due === 0) since = Date.now()
    if (what === 'due') due++
    if (what === 'settled') due--
    if (what !== 'the end') silence[what as 'due' | 'settled' | 'heard']()
  }
  expect(vi.getTimerCount()).toBe(0)
}
