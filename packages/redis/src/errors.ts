import { StoreAwayError, SyncError } from '@sync/core'

/** Redis refused a call in a way that asking again does not mend: a missing permission, a key of another type, a node of a cluster. */
export class RedisError extends SyncError {
  override readonly code = 'SYNC_REDIS'
}

/** What an administrator has to mend. Nothing was done. */
const REFUSALS = /^(NOPERM|NOAUTH|WRONGPASS|WRONGTYPE|ERR )/

/** What a node of a cluster says to keys of several slots, or of a slot that another node has. */
const CLUSTERED = /^(CROSSSLOT|MOVED|ASK) |hash to the same slot|a non local key/

/** Says in our terms why a call was not answered. */
export function storeError(cause: unknown, address: string, committed: 'no' | 'unknown'): SyncError {
  if (cause instanceof SyncError) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  if (CLUSTERED.test(message))
    return new RedisError(`Redis at ${address} is a node of a cluster, to be opened with ?cluster=true: ${message}`, {
      cause,
    })
  if (REFUSALS.test(message)) return new RedisError(`Redis at ${address}: ${message}`, { cause })
  return new StoreAwayError(`Redis at ${address} did not answer: ${message}`, committed, { cause })
}
