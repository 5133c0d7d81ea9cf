import { JetStreamApiError } from '@nats-io/jetstream'
import { errors } from '@nats-io/transport-node'
import { BusUnavailableError, isSyncError, SyncError } from '@sync/core'
import { messagesOf } from '@sync/core/adapter'

/** NATS rejected a call in a way that a retry does not fix, such as a missing permission or an unsupported stream configuration. */
export class NatsError extends SyncError {
  static override readonly code = 'SYNC_NATS'
  override readonly code = 'SYNC_NATS'
}

/** True if the server has reached its limit of subscriptions. It reports this separately from its answers, and without the subject. */
export const isSubscriptionLimit = (cause: unknown): boolean =>
  cause instanceof errors.ProtocolError && /maximum subscriptions exceeded/i.test(cause.message)

/** JetStream's error code for a replicated stream on a server without a cluster. */
const CLUSTER_REQUIRED = 10_074

/** JetStream's error code for too few available servers in a cluster, which is temporary. */
const NO_SUITABLE_PEERS = 10_005

/** True if JetStream does not support the requested stream configuration. */
const isUnsupportedStream = (cause: unknown): boolean =>
  cause instanceof JetStreamApiError &&
  (cause.code === CLUSTER_REQUIRED || (cause.status === 400 && cause.code !== NO_SUITABLE_PEERS))

/** True if an administrator has to fix the cause, so that a retry does not help. */
export const isRejection = (cause: unknown): boolean =>
  isSubscriptionLimit(cause) ||
  isUnsupportedStream(cause) ||
  [errors.AuthorizationError, errors.PermissionViolationError, errors.InvalidArgumentError].some(
    (rejection) => cause instanceof rejection || (cause instanceof Error && cause.cause instanceof rejection),
  )

/** Converts an error of the client: a rejection to `NatsError`, any other to `BusUnavailableError`. A `SyncError` is returned unchanged. */
export function toBusError(cause: unknown, server: string): SyncError {
  if (isSyncError(cause)) return cause
  const message = messagesOf(cause)
  if (isRejection(cause)) return new NatsError(`NATS at ${server}: ${message}`, { cause })
  return new BusUnavailableError(`NATS at ${server} did not answer: ${message}`, { cause })
}
