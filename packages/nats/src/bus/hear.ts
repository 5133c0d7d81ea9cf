import type { Msg, NatsConnection } from '@nats-io/transport-node'

/** Subscribes to a subject. Resolves when the server has taken it; rejects if it refused. */
export async function hear(
  connection: NatsConnection,
  subject: string,
  onMessage: (message: Msg) => void,
): Promise<() => void> {
  let refusal: Error | undefined
  const subscription = connection.subscribe(subject, {
    callback: (error, message) => {
      if (error) refusal = error
      else onMessage(message)
    },
  })
  const end = (): void => {
    if (!subscription.isClosed()) subscription.unsubscribe()
  }
  try {
    await connection.flush()
    if (refusal) throw refusal
  } catch (error) {
    end()
    throw error
  }
  return end
}
