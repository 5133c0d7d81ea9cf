import type { FrameHandler } from '@sync/core/adapter'
import type { IncomingRecord } from '../client/client.ts'
import type { OffsetVector } from './offset.ts'

/** What an ear is made with. */
export interface TopicSubscriberOptions {
  /** The key of the records that it is for. */
  readonly key: string
  readonly handler: FrameHandler
  /** From which offset on, by partition. */
  readonly startOffsets: readonly number[]
  /** How far it got itself, where it begins before the others. */
  readonly ownOffsets: OffsetVector | undefined
  readonly onError: (error: unknown) => void
}

/** One subscriber of a topic: takes the records of its scope from its own beginning on. */
export class TopicSubscriber {
  readonly key: string
  /** By partition: the first offset that it has not been offered. One that is not here begins at 0. */
  readonly next: number[]
  /** The partitions that it still reads by itself, to catch up with the others. */
  readonly catchingUp: Set<number> = new Set()
  readonly ownOffsets: OffsetVector | undefined
  readonly #handler: FrameHandler
  readonly #onError: (error: unknown) => void
  #stopped = false

  constructor({ key, handler, startOffsets, ownOffsets, onError }: TopicSubscriberOptions) {
    this.key = key
    this.next = [...startOffsets]
    this.ownOffsets = ownOffsets
    this.#handler = handler
    this.#onError = onError
  }

  get stopped(): boolean {
    return this.#stopped
  }

  stop(): void {
    this.#stopped = true
  }

  /** Takes a record of its own key, unless it has had it. `text`: how far those got who are not behind. */
  receive(partition: number, { offset, time, value }: IncomingRecord, text: string): void {
    if (this.#stopped || offset < (this.next[partition] ?? 0)) return
    this.next[partition] = offset + 1
    // what it has not caught up with yet must come again after this one's offset
    const lagging = this.catchingUp.size > 0 ? this.ownOffsets : undefined
    lagging?.set(partition, { next: offset + 1, time })
    try {
      this.#handler(value, lagging?.text ?? text)
    } catch (error) {
      this.#onError(error)
    }
  }
}
