import { milliseconds } from '../model/duration.ts'
import { AbortedError, type SyncError, TimeoutError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import type { Wait } from './api.ts'

/** Why a caller waits no longer. */
export type GivenUp = 'timeout' | 'abort'

/** The error of a call that only read, or had not begun. */
export const gaveUp = (why: GivenUp, wait: Wait): SyncError =>
  why === 'abort'
    ? new AbortedError('the call was aborted', { cause: wait.signal?.reason })
    : new TimeoutError(`no answer within ${String(wait.timeout)}`)

/**
 * Bounds a caller's wait, not the work: `work` goes on. `giveUp` is asked once for the error to reject with.
 * @throws AbortedError before `work` is even begun, if the signal is aborted already
 */
export function bounded<R>(
  runtime: Runtime,
  wait: Wait,
  work: () => Promise<R>,
  giveUp: (why: GivenUp) => SyncError,
): Promise<R> {
  const { signal, timeout } = wait
  if (!signal && timeout === undefined) return work()
  const ms = timeout === undefined ? undefined : milliseconds(timeout, 'timeout')
  if (signal?.aborted) return Promise.reject(gaveUp('abort', wait))
  return new Promise((resolve, reject) => {
    const end = (): void => {
      cancel?.()
      signal?.removeEventListener('abort', abort)
    }
    const stop = (why: GivenUp): void => {
      end()
      reject(giveUp(why))
    }
    const abort = (): void => stop('abort')
    const cancel = ms === undefined ? undefined : runtime.schedule(() => stop('timeout'), ms)
    signal?.addEventListener('abort', abort, { once: true })
    work().then(resolve, reject).finally(end)
  })
}
