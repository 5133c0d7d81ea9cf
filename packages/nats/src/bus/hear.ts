import type { Msg, NatsConnection } from '@nats-io/transport-node'

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
  const end = (): void => {
    if (!subscription.isClosed()) subscription.unsubscribe()
  }
  try {
    await connection.flush()
    if (refusal) throw refusal
    live = true
  } catch (error) {
    end()
    throw error
  }
  return end
}
