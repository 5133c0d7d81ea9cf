import type { OutgoingRecord } from '../client/client.ts'

/** How a line sends. */
export interface LineEnd {
  /** The most bytes in one batch. */
  readonly maxBytes: number
  readonly send: (batch: readonly OutgoingRecord[]) => Promise<void>
}

interface Waiting extends PromiseWithResolvers<void> {
  readonly record: OutgoingRecord
  readonly bytes: number
}

/** What a record takes beside its key and value, at the most. */
const RECORD_BYTES = 64

/**
 * What goes to one Kafka partition, in order: one batch under way, in the next one all that waits. If a batch fails, so does
 * what waits behind it: nothing may overtake what its caller is going to send again.
 */
export class Line {
  readonly #end: LineEnd
  #waiting: Waiting[] = []
  #draining: Promise<void> | undefined

  constructor(end: LineEnd) {
    this.#end = end
  }

  /** Resolves when it is written. */
  add(record: OutgoingRecord): Promise<void> {
    const bytes = Buffer.byteLength(record.key) + Buffer.byteLength(record.value) + RECORD_BYTES
    const waiting = { ...Promise.withResolvers<void>(), record, bytes }
    this.#waiting.push(waiting)
    this.#draining ??= this.#drain()
    return waiting.promise
  }

  /** Settles when nothing waits any more. */
  async idle(): Promise<void> {
    await this.#draining
  }

  async #drain(): Promise<void> {
    // what is added in this turn goes along
    await undefined
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#fitting())
      try {
        await this.#end.send(batch.map(({ record }) => record))
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of [...batch, ...this.#waiting.splice(0)]) reject(error)
      }
    }
    this.#draining = undefined
  }

  #fitting(): number {
    let bytes = 0
    const over = this.#waiting.findIndex((each, at) => {
      bytes += each.bytes
      return at > 0 && bytes > this.#end.maxBytes
    })
    return over < 0 ? this.#waiting.length : over
  }
}
