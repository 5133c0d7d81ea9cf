import { JetStreamApiError } from '@nats-io/jetstream'
import { errors } from '@nats-io/transport-node'
import { BusAwayError, SyncError } from '@sync/core'

/** NATS refused a call in a way that asking again does not mend: a missing permission, a stream of another kind. */
export class NatsError extends SyncError {
  override readonly code = 'SYNC_NATS'
}

/** The server takes no further subscription. It says so beside all answers, and does not say of which subject. */
export const isFull = (cause: unknown): boolean =>
  cause instanceof errors.ProtocolError && /maximum subscriptions exceeded/i.test(cause.message)

/** JetStream's numbers: that a server alone keeps no copies, and that too few servers of a cluster are up just now. */
const [NO_CLUSTER, NO_PEERS] = [10_074, 10_005]

/** JetStream does not make streams like this. */
const isUnfit = (cause: unknown): boolean =>
  cause instanceof JetStreamApiError && (cause.code === NO_CLUSTER || (cause.status === 400 && cause.code !== NO_PEERS))

/** What an administrator has to mend. */
export const isRefusal = (cause: unknown): boolean =>
  isFull(cause) ||
  isUnfit(cause) ||
  [errors.AuthorizationError, errors.PermissionViolationError, errors.InvalidArgumentError].some(
    (refusal) => cause instanceof refusal || (cause instanceof Error && cause.cause instanceof refusal),
  )

/** Says in our terms why a call was not answered. */
export function busError(cause: unknown, server: string): SyncError {
  if (cause instanceof SyncError) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  if (isRefusal(cause)) return new NatsError(`NATS at ${server}: ${message}`, { cause })
  return new BusAwayError(`NATS at ${server} did not answer: ${message}`, { cause })
}
