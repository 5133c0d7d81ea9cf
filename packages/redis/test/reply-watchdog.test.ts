import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { ReplyWatchdog } from '../src/connection/reply-watchdog.ts'

const TIMEOUT = 1_000
/** Maximum delay after the timeout. */
const MAX_DELAY = TIMEOUT / 4

/** Activity on a connection: after some ms a command is sent, a reply arrives, or other data arrives. */
const activity = fc.array(
  fc.record({
    after: fc.integer({ min: 0, max: 700 }),
    event: fc.constantFrom('expectReply', 'replySettled', 'recordActivity'),
  }),
  { maxLength: 60 },
)

describe('ReplyWatchdog', () => {
  it('fires within its limits when nothing arrives while a reply is due, and never otherwise', () => {
    fc.assert(
      fc.property(activity, (steps) => {
        vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] })
        try {
          runSteps(steps)
        } finally {
          vi.useRealTimers()
        }
      }),
    )
  })
})

function runSteps(steps: readonly { readonly after: number; readonly event: string }[]): void {
  let firedAt: number | undefined
  const watchdog = new ReplyWatchdog(TIMEOUT, () => {
    firedAt ??= Date.now()
  })
  let pendingReplies = 0
  let since = 0
  for (const { after, event } of [...steps, { after: 3 * TIMEOUT, event: 'end' }]) {
    vi.advanceTimersByTime(after)
    if (firedAt !== undefined) {
      expect(pendingReplies).toBeGreaterThan(0)
      expect(firedAt - since).toBeGreaterThanOrEqual(TIMEOUT)
      return
    }
    if (pendingReplies > 0) expect(Date.now() - since).toBeLessThanOrEqual(TIMEOUT + MAX_DELAY)
    if (event === 'replySettled' && pendingReplies === 0) continue
    if (event !== 'expectReply' || pendingReplies === 0) since = Date.now()
    if (event === 'expectReply') pendingReplies++
    if (event === 'replySettled') pendingReplies--
    if (event !== 'end') watchdog[event as 'expectReply' | 'replySettled' | 'recordActivity']()
  }
  expect(vi.getTimerCount()).toBe(0)
}
