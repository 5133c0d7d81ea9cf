import type { OutgoingRecord } from '../client/client.ts'

/** Options of {@link PartitionQueue}. */
export interface PartitionQueueOptions {
  /** Maximum batch size in bytes. A single record may exceed it. */
  readonly maxBatchBytes: number
  readonly send: (batch: readonly OutgoingRecord[]) => Promise<void>
}

interface PendingRecord extends PromiseWithResolvers<void> {
  readonly record: OutgoingRecord
  readonly bytes: number
}

/** Maximum size of a record in bytes, not counting its key and value. */
const RECORD_OVERHEAD_BYTES = 64

/**
 * Sends records to one Kafka partition in order. One batch is in flight; all waiting records join the next one. If a batch fails, the
 * waiting records fail too, because otherwise they would overtake records that the caller sends again.
 */
export class PartitionQueue {
  readonly #options: PartitionQueueOptions
  #pending: PendingRecord[] = []
  #draining: Promise<void> | undefined

  constructor(options: PartitionQueueOptions) {
    this.#options = options
  }

  /** Enqueues a record. Resolves when it is written. */
  enqueue(record: OutgoingRecord): Promise<void> {
    const bytes = Buffer.byteLength(record.key) + Buffer.byteLength(record.value) + RECORD_OVERHEAD_BYTES
    const pending = { ...Promise.withResolvers<void>(), record, bytes }
    this.#pending.push(pending)
    this.#draining ??= this.#drain()
    return pending.promise
  }

  /** Resolves when the queue is empty and no batch is in flight. */
  async whenIdle(): Promise<void> {
    await this.#draining
  }

  async #drain(): Promise<void> {
    // include records that are enqueued in the same turn of the event loop
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
    const firstExcess = this.#pending.findIndex((pending, at) => {
      bytes += pending.bytes
      return at > 0 && bytes > this.#options.maxBatchBytes
    })
    return firstExcess < 0 ? this.#pending.length : firstExcess
  }
}
