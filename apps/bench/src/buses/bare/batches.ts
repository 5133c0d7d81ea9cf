/** One message of a batch. */
export interface Message {
  readonly key: string
  readonly value: string
}

/**
 * Combines waiting messages into batches and sends one batch at a time, as an application would to get high throughput from a
 * Kafka client.
 */
export function batchSends(send: (batch: readonly Message[]) => Promise<unknown>): (message: Message) => Promise<void> {
  let queued: Message[] = []
  let next = Promise.withResolvers<void>()
  let sending = false
  const flush = async (): Promise<void> => {
    // messages that are queued in the same turn of the event loop join the first batch
    await undefined
    while (queued.length > 0) {
      const [batch, { resolve, reject }] = [queued, next]
      queued = []
      next = Promise.withResolvers<void>()
      await send(batch).then(() => resolve(), reject)
    }
    sending = false
  }
  return (message) => {
    queued.push(message)
    const { promise } = next
    if (!sending) {
      sending = true
      void flush()
    }
    return promise
  }
}
