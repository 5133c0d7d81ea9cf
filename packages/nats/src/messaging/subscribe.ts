import type { Msg, NatsConnection } from '@nats-io/transport-node'
import { stopIterating } from '../connection/reconnecting-connection.ts'
import { isSubscriptionLimit } from '../errors.ts'

/**
 * Subscribes to a subject, and resolves to an unsubscribe function once the server has accepted the subscription. Rejects if the
 * server denies it.
 * @param onRejected called once if the server denies the subscription later, which can happen after a reconnect
 */
export async function subscribeConfirmed(
  connection: NatsConnection,
  subject: string,
  onMessage: (message: Msg) => void,
  onRejected?: () => void,
): Promise<() => void> {
  let live = false
  let rejection: Error | undefined
  const subscription = connection.subscribe(subject, {
    callback: (error, message) => {
      if (!error) return onMessage(message)
      rejection = error
      if (live) onRejected?.()
    },
  })
  const statuses = connection.status()
  const watch = async (): Promise<void> => {
    for await (const status of statuses)
      if (status.type === 'error' && isSubscriptionLimit(status.error)) rejection ??= status.error
  }
  void watch()
  const unsubscribe = (): void => {
    if (!subscription.isClosed()) subscription.unsubscribe()
  }
  try {
    await connection.flush()
    await afterMicrotasks()
    if (rejection) throw rejection
    live = true
  } catch (error) {
    unsubscribe()
    throw error
  } finally {
    stopIterating(statuses)
  }
  return unsubscribe
}

/**
 * Resolves after all pending microtasks. A denial arrives before the answer to a flush, but the client needs more microtasks to
 * report it.
 */
export const afterMicrotasks = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))
