import { parseDuration } from '../model/duration.ts'
import { AbortedError, type ErrorAddress, type SyncError, TimeoutError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import type { CallOptions } from './api.ts'

/** Reason for the end of a caller's wait. */
export type StopReason = 'timeout' | 'abort'

/** Creates the error of a call that only read, or was not sent. */
export const deadlineError = (reason: StopReason, options: CallOptions, address?: ErrorAddress): SyncError => {
  const details = address && { address }
  return reason === 'abort'
    ? new AbortedError('the call was aborted', { ...details, cause: options.signal?.reason })
    : new TimeoutError(`expected a result within ${String(options.timeout)}, got none`, details)
}

/**
 * Bounds a caller's wait, not the work: `work` continues. `toError` is called once for the error to reject with.
 * @throws AbortedError (`SYNC_ABORTED`) without starting `work` if the signal is already aborted
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
  if (signal?.aborted) return Promise.reject(toError('abort'))
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
