/** One message of a batch. */
export interface Message {
  readonly key: string
  readonly value: string
}

/** Sends what waits as one batch, one batch at a time: what a program does that wants much of a Kafka client. */
export function batchSends(send: (batch: readonly Message[]) => Promise<unknown>): (message: Message) => Promise<void> {
  let queued: Message[] = []
  let next = Promise.withResolvers<void>()
  let sending = false
  const flush = async (): Promise<void> => {
    // what is sent in this turn goes along
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
