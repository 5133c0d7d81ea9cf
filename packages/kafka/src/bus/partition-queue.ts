import type { OutgoingRecord } from '../client/client.ts'

/** How a line sends. */
export interface PartitionQueueOptions {
  /** The most bytes in one batch. */
  readonly maxBatchBytes: number
  readonly send: (batch: readonly OutgoingRecord[]) => Promise<void>
}

interface PendingRecord extends PromiseWithResolvers<void> {
  readonly record: OutgoingRecord
  readonly bytes: number
}

/** What a record takes beside its key and value, at the most. */
const RECORD_OVERHEAD_BYTES = 64

/**
 * What goes to one Kafka partition, in order: one batch under way, in the next one all that waits. If a batch fails, so does
 * what waits behind it: nothing may overtake what its caller is going to send again.
 */
export class PartitionQueue {
  readonly #options: PartitionQueueOptions
  #pending: PendingRecord[] = []
  #draining: Promise<void> | undefined

  constructor(options: PartitionQueueOptions) {
    this.#options = options
  }

  /** Resolves when it is written. */
  enqueue(record: OutgoingRecord): Promise<void> {
    const bytes = Buffer.byteLength(record.key) + Buffer.byteLength(record.value) + RECORD_OVERHEAD_BYTES
    const pending = { ...Promise.withResolvers<void>(), record, bytes }
    this.#pending.push(pending)
    this.#draining ??= this.#drain()
    return pending.promise
  }

  /** Settles when nothing waits any more. */
  async whenIdle(): Promise<void> {
    await this.#draining
  }

  async #drain(): Promise<void> {
    // what is added in this turn goes along
    await undefined
    while (this.#pending.length > 0) {
      const batch = this.#pending.splice(0, this.#batchLength())
      try {
        await this.#options.send(batch.map(({ record }) => record))
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of [...batch, ...this.#pending.splice(0)]) reject(error)
      }
    }
    this.#draining = undefined
  }

  #batchLength(): number {
    let bytes = 0
    const firstOver = this.#pending.findIndex((each, at) => {
      bytes += each.bytes
      return at > 0 && bytes > this.#options.maxBatchBytes
    })
    return firstOver < 0 ? this.#pending.length : firstOver
  }
}
