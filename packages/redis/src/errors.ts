import { BusUnavailableError, ClosedError, isSyncError, StoreUnavailableError, SyncError } from '@sync/core'
import { messageOf, type Scope } from '@sync/core/adapter'
import type { KeyLayout } from './names.ts'

/**
 * Redis rejected a call, and a retry would be rejected too: a missing permission, a key of another type, or a cluster node that was
 * opened as a single server.
 */
export class RedisError extends SyncError {
  static override readonly code = 'SYNC_REDIS'
  override readonly code = 'SYNC_REDIS'
}

/** Returns the error of a call on a closed bus. */
export const busClosedError = (): ClosedError => new ClosedError('the bus is closed')

/**
 * Replies that only an administrator can resolve. The server executed nothing.
 * "max number of clients" is excluded: that condition passes without intervention.
 */
const REJECTIONS = /^(NOPERM|NOAUTH|WRONGPASS|WRONGTYPE|OOM|ERR (?!max number of clients))/

/** A cluster node's replies to keys of several slots, or of a slot that another node owns. */
const CLUSTER_ERRORS = /^(CROSSSLOT|MOVED|ASK) |hash to the same slot|a non local key/

/** Errors of a script in a cluster while its slot is migrating. The second one comes from the new node, on Valkey. */
const SLOT_MIGRATION_ERRORS = /a non local key|during rehashing of the slot/

/** Remedies, by the server's reply. */
const REMEDIES: readonly (readonly [pattern: RegExp, remedy: string])[] = [
  [/NOPERM|The user executing the script/, 'grant the user the permissions listed in the README of @sync/redis'],
  [/WRONGPASS|NOAUTH/, 'correct the user and the password in the URL'],
  [/DB index is out of range/, 'correct the database number in the URL'],
  [/OOM /, 'raise maxmemory of the server, or delete data'],
]

/** Adds the remedy to a server's reply, if one is known. */
export function withRemedy(message: string): string {
  const remedy = REMEDIES.find(([pattern]) => pattern.test(message))?.[1]
  return remedy === undefined ? message : `${message}; ${remedy}`
}

/** True if a retry would get the same reply. */
export const isRejection = (cause: unknown): cause is Error =>
  cause instanceof Error && (REJECTIONS.test(cause.message) || CLUSTER_ERRORS.test(cause.message))

/** True for the reply of a server that has become a replica. A reconnect may lead to the new master. */
export const isReadOnlyReplica = (cause: unknown): boolean =>
  cause instanceof Error && cause.message.startsWith('READONLY')

/** Converts the failure of a store call to a `SyncError`. `committed` applies if the server was unavailable. */
export function toStoreError(
  cause: unknown,
  { address, layout }: { readonly address: string; readonly layout?: KeyLayout },
  committed: 'no' | 'unknown',
): SyncError {
  if (isSyncError(cause)) return cause
  const transient = layout?.cluster === true && SLOT_MIGRATION_ERRORS.test(messageOf(cause))
  if (isRejection(cause) && !transient) return rejectionError(messageOf(cause), address, { cause })
  return new StoreUnavailableError(`Redis at ${address} did not answer: ${messageOf(cause)}`, committed, { cause })
}

/** Converts the failure of a bus call to a `SyncError`. `action` names the attempt and its channel or stream, for the message of a rejection. */
export function toBusError(
  cause: unknown,
  address: string,
  { action, scope }: { readonly action: string; readonly scope: Scope },
): SyncError {
  if (isSyncError(cause)) return cause
  const details = { cause, address: scope }
  if (isRejection(cause)) return rejectionError(`${action}: ${messageOf(cause)}`, address, details)
  return new BusUnavailableError(`Redis at ${address} did not answer: ${messageOf(cause)}`, details)
}

function rejectionError(
  message: string,
  address: string,
  details: { readonly cause: unknown; readonly address?: Scope },
): RedisError {
  const clusterHint = CLUSTER_ERRORS.test(message) ? ' is a cluster node; open it with ?cluster=true' : ''
  return new RedisError(`Redis at ${address}${clusterHint}: ${withRemedy(message)}`, details)
}
