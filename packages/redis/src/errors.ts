import { BusUnavailableError, ClosedError, StoreUnavailableError, SyncError } from '@sync/core'
import type { Scope } from '@sync/core/adapter'
import type { KeyLayout } from './names.ts'

/** Redis refused a call in a way that asking again does not mend: a missing permission, a key of another type, a node of a cluster. */
export class RedisError extends SyncError {
  static override readonly code = 'SYNC_REDIS'
  override readonly code = 'SYNC_REDIS'
}

/** What a bus that was closed answers. */
export const busClosedError = (details?: { readonly address?: Scope; readonly cause?: unknown }): ClosedError =>
  new ClosedError('the bus is closed', details)

/** What an administrator has to mend. Nothing was done. That there are too many clients passes by itself. */
const REJECTIONS = /^(NOPERM|NOAUTH|WRONGPASS|WRONGTYPE|ERR (?!max number of clients))/

/** What a node of a cluster says to keys of several slots, or of a slot that another node has. */
const CLUSTER_ERRORS = /^(CROSSSLOT|MOVED|ASK) |hash to the same slot|a non local key/

/** What a script meets in a cluster while its slot is being moved; on Valkey on the new node also the latter. */
const SLOT_MIGRATION_ERRORS = /a non local key|during rehashing of the slot/

/** Is it an answer that asking again does not change? */
export const isRejection = (cause: unknown): cause is Error =>
  cause instanceof Error && (REJECTIONS.test(cause.message) || CLUSTER_ERRORS.test(cause.message))

/** Is it what a server says that is a replica by now? Where it was a master, its name may lead to another one. */
export const isReadOnlyReplica = (cause: unknown): boolean =>
  cause instanceof Error && cause.message.startsWith('READONLY')

/** Says in our terms why a call was not answered. */
export function toStoreError(
  cause: unknown,
  { address, layout }: { readonly address: string; readonly layout?: KeyLayout },
  committed: 'no' | 'unknown',
): SyncError {
  if (cause instanceof SyncError) return cause
  const transient = layout?.cluster === true && SLOT_MIGRATION_ERRORS.test(messageOf(cause))
  if (isRejection(cause) && !transient) return rejectionError(messageOf(cause), address, { cause })
  return new StoreUnavailableError(`Redis at ${address} did not answer: ${messageOf(cause)}`, committed, { cause })
}

/** Says in our terms why a bus did not do it. `what` it was about names what its user may not. */
export function toBusError(
  cause: unknown,
  address: string,
  { action, scope }: { readonly action: string; readonly scope: Scope },
): SyncError {
  if (cause instanceof SyncError) return cause
  const details = { cause, address: scope }
  if (isRejection(cause)) return rejectionError(`${action}: ${messageOf(cause)}`, address, details)
  return new BusUnavailableError(`Redis at ${address} did not answer: ${messageOf(cause)}`, details)
}

function rejectionError(
  message: string,
  address: string,
  details: { readonly cause: unknown; readonly address?: Scope },
): RedisError {
  const clusterHint = CLUSTER_ERRORS.test(message) ? ' is a node of a cluster, to be opened with ?cluster=true' : ''
  return new RedisError(`Redis at ${address}${clusterHint}: ${message}`, details)
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
