import type { FrameHandler } from '@sync/core/adapter'
import type { IncomingRecord } from '../client/client.ts'
import type { OffsetVector } from './offset.ts'

/** Options of {@link TopicSubscriber}. */
export interface TopicSubscriberOptions {
  /** Key of the records to receive. */
  readonly key: string
  readonly handler: FrameHandler
  /** First offset to receive, by Kafka partition. */
  readonly startOffsets: readonly number[]
  /** The subscriber's own progress, if it starts behind the feed. */
  readonly ownOffsets: OffsetVector | undefined
}

/** One subscriber of a topic. It receives the records of one scope, starting at its own offset. */
export class TopicSubscriber {
  readonly key: string
  /** First offset not yet received, by Kafka partition. A missing entry means 0. */
  readonly next: number[]
  /** Kafka partitions that the subscriber still reads separately, until it has caught up with the feed. */
  readonly catchingUp: Set<number> = new Set()
  readonly ownOffsets: OffsetVector | undefined
  readonly #handler: FrameHandler
  #stopped = false

  constructor({ key, handler, startOffsets, ownOffsets }: TopicSubscriberOptions) {
    this.key = key
    this.next = [...startOffsets]
    this.ownOffsets = ownOffsets
    this.#handler = handler
  }

  get stopped(): boolean {
    return this.#stopped
  }

  stop(): void {
    this.#stopped = true
  }

  /**
   * Delivers a record to the handler, unless it was delivered before.
   * @param feedOffset the feed's progress as an offset; a subscriber that is catching up hands its own to the handler instead
   */
  receive(partition: number, { offset, time, value }: IncomingRecord, feedOffset: string): void {
    if (this.#stopped || offset < (this.next[partition] ?? 0)) return
    this.next[partition] = offset + 1
    // resuming after this record's offset must repeat the partitions that have not caught up yet
    const lagging = this.catchingUp.size > 0 ? this.ownOffsets : undefined
    lagging?.set(partition, { next: offset + 1, time })
    this.#handler(value, lagging?.text ?? feedOffset)
  }
}
