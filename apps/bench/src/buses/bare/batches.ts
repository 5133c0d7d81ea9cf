/** One message of a batch. */
export interface Message {
  readonly key: string
  readonly value: string
}

/** Sends what waits as one batch, one batch at a time: what a program does that wants much of a Kafka client. */
export function inBatches(send: (batch: readonly Message[]) => Promise<unknown>): (message: Message) => Promise<void> {
  let waiting: Message[] = []
  let next = Promise.withResolvers<void>()
  let sending = false
  const run = async (): Promise<void> => {
    // what is sent in this turn goes along
    await undefined
    while (waiting.length > 0) {
      const [batch, { resolve, reject }] = [waiting, next]
      waiting = []
      next = Promise.withResolvers<void>()
      await send(batch).then(() => resolve(), reject)
    }
    sending = false
  }
  return (message) => {
    waiting.push(message)
    const { promise } = next
    if (!sending) {
      sending = true
      void run()
    }
    return promise
  }
}
