import type { Msg, NatsConnection } from '@nats-io/transport-node'
import { stopIterating } from '../connection/link.ts'
import { isFull } from '../errors.ts'

/**
 * Subscribes to a subject. Resolves when the server has taken it; rejects if it refused. `onRefused` is called, once, if the
 * server refuses it later: each time that the client has reconnected it may.
 */
export async function hear(
  connection: NatsConnection,
  subject: string,
  onMessage: (message: Msg) => void,
  onRefused?: () => void,
): Promise<() => void> {
  let live = false
  let refusal: Error | undefined
  const subscription = connection.subscribe(subject, {
    callback: (error, message) => {
      if (!error) return onMessage(message)
      refusal = error
      if (live) onRefused?.()
    },
  })
  const statuses = connection.status()
  const watch = async (): Promise<void> => {
    for await (const status of statuses) if (status.type === 'error' && isFull(status.error)) refusal ??= status.error
  }
  void watch()
  const end = (): void => {
    if (!subscription.isClosed()) subscription.unsubscribe()
  }
  try {
    await connection.flush()
    await stepsOver()
    if (refusal) throw refusal
    live = true
  } catch (error) {
    end()
    throw error
  } finally {
    stopIterating(statuses)
  }
  return end
}

/**
 * Resolves when all is done that promises have set going until now, without waiting for anything else. A refusal comes before
 * the answer to a flush, but takes more steps to be told.
 */
export const stepsOver = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))
