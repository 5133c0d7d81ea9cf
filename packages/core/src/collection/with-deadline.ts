import { parseDuration } from '../model/duration.ts'
import { AbortedError, type SyncError, TimeoutError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import type { CallOptions } from './api.ts'

/** Why a caller waits no longer. */
export type StopReason = 'timeout' | 'abort'

/** The error of a call that only read, or had not begun. */
export const deadlineError = (reason: StopReason, options: CallOptions): SyncError =>
  reason === 'abort'
    ? new AbortedError('the call was aborted', { cause: options.signal?.reason })
    : new TimeoutError(`no answer within ${String(options.timeout)}`)

/**
 * Bounds a caller's wait, not the work: `work` goes on. `giveUp` is asked once for the error to reject with.
 * @throws AbortedError before `work` is even begun, if the signal is aborted already
 */
export function withDeadline<R>(
  runtime: Runtime,
  options: CallOptions,
  work: () => Promise<R>,
  toError: (reason: StopReason) => SyncError,
): Promise<R> {
  const { signal, timeout } = options
  if (!signal && timeout === undefined) return work()
  const ms = timeout === undefined ? undefined : parseDuration(timeout, 'timeout')
  if (signal?.aborted) return Promise.reject(deadlineError('abort', options))
  return new Promise((resolve, reject) => {
    const cleanUp = (): void => {
      cancel?.()
      signal?.removeEventListener('abort', abort)
    }
    const stop = (reason: StopReason): void => {
      cleanUp()
      reject(toError(reason))
    }
    const abort = (): void => stop('abort')
    const cancel = ms === undefined ? undefined : runtime.schedule(() => stop('timeout'), ms)
    signal?.addEventListener('abort', abort, { once: true })
    work().then(resolve, reject).finally(cleanUp)
  })
}
