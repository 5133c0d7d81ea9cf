import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { ReplyWatchdog } from '../src/connection/reply-watchdog.ts'

const TIMEOUT = 1_000
/** What a silence may be noticed later. */
const LATE = TIMEOUT / 4

/** What happens on a line: some ms later a call is made, one is answered, or something else is heard. */
const activity = fc.array(
  fc.record({
    after: fc.integer({ min: 0, max: 700 }),
    what: fc.constantFrom('expectReply', 'replySettled', 'recordActivity'),
  }),
  { maxLength: 60 },
)

describe('a line on which nothing comes back while an answer is due', () => {
  it('is noticed in time, and no other', () => {
    fc.assert(
      fc.property(activity, (steps) => {
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
  let firedAt: number | undefined
  const watchdog = new ReplyWatchdog(TIMEOUT, () => {
    firedAt ??= Date.now()
  })
  let pendingReplies = 0
  let since = 0
  for (const { after, what } of [...steps, { after: 3 * TIMEOUT, what: 'the end' }]) {
    vi.advanceTimersByTime(after)
    if (firedAt !== undefined) {
      expect(pendingReplies).toBeGreaterThan(0)
      expect(firedAt - since).toBeGreaterThanOrEqual(TIMEOUT)
      return
    }
    if (pendingReplies > 0) expect(Date.now() - since).toBeLessThanOrEqual(TIMEOUT + LATE)
    if (what === 'replySettled' && pendingReplies === 0) continue
    if (what !== 'expectReply' || pendingReplies === 0) since = Date.now()
    if (what === 'expectReply') pendingReplies++
    if (what === 'replySettled') pendingReplies--
    if (what !== 'the end') watchdog[what as 'expectReply' | 'replySettled' | 'recordActivity']()
  }
  expect(vi.getTimerCount()).toBe(0)
}
