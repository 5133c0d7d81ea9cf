import type { Msg, NatsConnection } from '@nats-io/transport-node'
import { stopIterating } from '../connection/reconnecting-connection.ts'
import { isSubscriptionLimit } from '../errors.ts'

/**
 * Subscribes to a subject. Resolves when the server has taken it; rejects if it refused. `onRefused` is called, once, if the
 * server refuses it later: each time that the client has reconnected it may.
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
 * Resolves when all is done that promises have set going until now, without waiting for anything else. A refusal comes before
 * the answer to a flush, but takes more steps to be told.
 */
export const afterMicrotasks = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))
