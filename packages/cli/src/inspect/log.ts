import type { Store } from '@sync/core'
import { decodeChange, type LogPage, type Scope, type SectionState, type WireChange } from '@sync/core/adapter'

const PAGE_SIZE = 500

/** Returns the sequence after which the log is complete: its oldest change has the next one. */
export async function oldestPosition(store: Store, scope: Scope, { epoch, sequence }: SectionState): Promise<number> {
  // the log is a run of sequences, so a binary search finds its beginning
  let [low, high] = [0, sequence]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const { status } = await store.changesSince(scope, { epoch, sequence: middle }, 1)
    if (status === 'page') high = middle
    else low = middle + 1
  }
  return high
}

/** Returns the last changes of a scope that the log contains, oldest first. */
export async function logTail(
  store: Store,
  scope: Scope,
  state: SectionState,
  limit: number,
): Promise<readonly WireChange[]> {
  const oldest = await oldestPosition(store, scope, state)
  const isSection = !('key' in scope)
  let after = isSection ? Math.max(oldest, state.sequence - limit) : oldest
  let tail: readonly WireChange[] = []
  for (;;) {
    const page = await store.changesSince(scope, { epoch: state.epoch, sequence: after }, PAGE_SIZE)
    tail = [...tail, ...page.changes.map(decodeChange)].slice(-limit)
    if (page.status !== 'page' || page.upTo <= after || page.upTo >= page.state.sequence) return tail
    after = page.upTo
  }
}

/** Pause between two questions for new changes, in ms. */
const POLL_MS = 500

/**
 * Yields the pages of the log after `state` until the signal is aborted. A page whose status is not `page` reports changes that the
 * log no longer has; the next one continues after them.
 */
export async function* followLog(
  store: Store,
  scope: Scope,
  state: SectionState,
  signal: AbortSignal,
): AsyncGenerator<LogPage, undefined> {
  let position = { epoch: state.epoch, sequence: state.sequence }
  while (!signal.aborted) {
    const page = await store.changesSince(scope, position, PAGE_SIZE)
    const { epoch, sequence } = page.state
    if (page.status !== 'page' || page.changes.length > 0) yield page
    position = page.status === 'page' ? { epoch, sequence: page.upTo } : { epoch, sequence }
    if (page.status === 'page' && page.upTo < sequence) continue
    await pause(signal)
  }
}

/** Waits for the next question, or for the signal. */
function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, POLL_MS)
    signal.addEventListener('abort', end)
  })
}
