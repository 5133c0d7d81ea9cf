import { JetStreamApiError } from '@nats-io/jetstream'
import { errors } from '@nats-io/transport-node'
import { BusUnavailableError, SyncError } from '@sync/core'

/** NATS refused a call in a way that asking again does not mend: a missing permission, a stream of another kind. */
export class NatsError extends SyncError {
  static override readonly code = 'SYNC_NATS'
  override readonly code = 'SYNC_NATS'
}

/** The server takes no further subscription. It says so beside all answers, and does not say of which subject. */
export const isSubscriptionLimit = (cause: unknown): boolean =>
  cause instanceof errors.ProtocolError && /maximum subscriptions exceeded/i.test(cause.message)

/** JetStream's numbers: that a server alone keeps no copies, and that too few servers of a cluster are up just now. */
const [CLUSTER_REQUIRED, NO_SUITABLE_PEERS] = [10_074, 10_005]

/** JetStream does not make streams like this. */
const isUnsupportedStream = (cause: unknown): boolean =>
  cause instanceof JetStreamApiError &&
  (cause.code === CLUSTER_REQUIRED || (cause.status === 400 && cause.code !== NO_SUITABLE_PEERS))

/** What an administrator has to mend. */
export const isRejection = (cause: unknown): boolean =>
  isSubscriptionLimit(cause) ||
  isUnsupportedStream(cause) ||
  [errors.AuthorizationError, errors.PermissionViolationError, errors.InvalidArgumentError].some(
    (rejection) => cause instanceof rejection || (cause instanceof Error && cause.cause instanceof rejection),
  )

/** Says in our terms why a call was not answered. */
export function toBusError(cause: unknown, server: string): SyncError {
  if (cause instanceof SyncError) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  if (isRejection(cause)) return new NatsError(`NATS at ${server}: ${message}`, { cause })
  return new BusUnavailableError(`NATS at ${server} did not answer: ${message}`, { cause })
}
