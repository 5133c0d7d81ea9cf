import type { Msg } from '@nats-io/transport-node'
import type { FrameHandler } from '@sync/core/adapter'
import type { SubscriptionHandlers } from '../messaging/messaging.ts'
import { formatOffset, type Offset } from './offset.ts'
import type { PartitionStream, StreamState } from './stream.ts'

/** A frame that the stream republished after storing it. */
interface LiveFrame {
  readonly sequence: number
  /** Sequence of the previous message with the same subject, 0 if it is the first. */
  readonly previous: number
  readonly data: Uint8Array
}

/** Maximum number of frames buffered while older ones are read. Beyond it the buffer is dropped, and its frames are read from the stream. */
const MAX_BUFFERED_FRAMES = 10_000

/**
 * One subscription to a stream: delivers the frames of one subject in order.
 *
 * - Each republished message names the sequence of its predecessor. A gap is therefore detected and filled from the stream.
 * - A lost last message leaves no gap. `catchUp`, called with the stream's state, detects it.
 * - No state is kept on a server, so the loss of a server does not end the subscription.
 */
export class Follower {
  readonly #stream: PartitionStream
  readonly #subject: string
  readonly #onFrame: FrameHandler
  readonly #onGap: () => void
  /** Called when the stream cannot be read, so that republished messages may be missing as well. */
  readonly onSubscriptionLost: () => void
  /** Creation time of the stream that is followed. */
  #created = ''
  /** Sequence of the last delivered frame. */
  #lastDelivered = 0
  /** The stream has no message of this subject between the last delivered frame and this sequence. */
  #verifiedUpTo = 0
  /** The stream's last sequence, as of the latest `catchUp`. */
  #streamEnd = 0
  #buffered: LiveFrame[] = []
  #fillingGap: Promise<void> | undefined
  #started = false
  #stopped = false

  constructor(stream: PartitionStream, subject: string, handlers: Omit<SubscriptionHandlers, 'after'>) {
    this.#stream = stream
    this.#subject = subject
    this.#onFrame = handlers.onFrame
    this.#onGap = handlers.onGap
    this.onSubscriptionLost = handlers.onSubscriptionLost
  }

  /** Sequence of the last delivered frame. */
  get lastSequence(): number {
    return this.#lastDelivered
  }

  /** Starts delivery after an offset. Frames received before this call were buffered. */
  start({ created, sequence }: Offset): void {
    this.#created = created
    this.#lastDelivered = sequence
    this.#verifiedUpTo = sequence
    this.#started = true
    this.#deliverBuffered()
  }

  stop(): void {
    this.#stopped = true
    this.#buffered = []
  }

  /** Accepts a republished message: delivers it if it is the next one, otherwise fills the gap before it. */
  receive({ data, headers }: Msg): void {
    if (this.#stopped || headers?.get('Nats-Stream') !== this.#stream.name) return
    const sequence = Number(headers.get('Nats-Sequence'))
    if (!Number.isSafeInteger(sequence)) return
    const previous = Number(headers.get('Nats-Last-Sequence'))
    if (this.#buffered.length >= MAX_BUFFERED_FRAMES) this.#buffered = []
    this.#buffered.push({ sequence, previous, data })
    if (!this.#started || this.#fillingGap) return
    this.#deliverBuffered()
    // if reading fails, the next poll continues
    if (this.#buffered.length > 0) this.#fillGap().catch(() => {})
  }

  /**
   * Reads any missed messages, up to the given state of the stream.
   * @param lastDelivered `lastSequence` before the state was requested; a state behind it means that the stream lost its end
   */
  async catchUp(state: StreamState, lastDelivered = 0): Promise<void> {
    if (this.#stopped) return
    if (state.created !== this.#created) {
      // the stream was created again, and nothing of the new one was delivered
      this.#created = state.created
      this.#lastDelivered = 0
      this.#verifiedUpTo = 0
      this.#buffered = []
      this.#onGap()
    } else if (state.lastSequence < lastDelivered) {
      // the stream lost its end and continues from there: new frames get the sequences of frames already delivered
      this.#lastDelivered = state.lastSequence
      this.#verifiedUpTo = state.lastSequence
      this.#onGap()
    }
    const seen = Math.max(this.#lastDelivered, this.#verifiedUpTo)
    if (state.lastSequence < seen) this.#verifiedUpTo = this.#lastDelivered
    if (state.lastSequence <= seen) return
    if (state.firstSequence > seen + 1) this.#onGap()
    this.#streamEnd = state.lastSequence
    await this.#fillGap()
    this.#verifiedUpTo = Math.max(this.#verifiedUpTo, state.lastSequence)
  }

  #fillGap(): Promise<void> {
    this.#fillingGap ??= this.#readStored().finally(() => {
      this.#fillingGap = undefined
    })
    return this.#fillingGap
  }

  /** Reads stored messages up to the stream's end, or until the buffered frames follow without a gap. */
  async #readStored(): Promise<void> {
    while (!this.#stopped) {
      const hadBuffered = this.#buffered.length > 0
      const stored = await this.#stream.firstMessageFrom(
        this.#subject,
        Math.max(this.#lastDelivered, this.#verifiedUpTo) + 1,
      )
      if (stored) this.#deliver({ sequence: stored.seq, data: stored.data })
      else if (hadBuffered) this.#lastDelivered = Math.max(this.#lastDelivered, this.#buffered[0]?.previous ?? 0)
      this.#deliverBuffered()
      // more messages may have been missed after the buffered ones, so read up to the known end
      if (this.#buffered.length === 0 && (!stored || (hadBuffered && this.#lastDelivered >= this.#streamEnd))) return
    }
  }

  /** Delivers buffered frames up to the first gap. */
  #deliverBuffered(): void {
    let at = 0
    for (; at < this.#buffered.length; at++) {
      const live = this.#buffered[at] as LiveFrame
      if (live.sequence <= this.#lastDelivered) continue
      if (live.previous > Math.max(this.#lastDelivered, this.#verifiedUpTo)) break
      this.#deliver(live)
    }
    this.#buffered = this.#buffered.slice(at)
  }

  #deliver({ sequence, data }: Pick<LiveFrame, 'sequence' | 'data'>): void {
    if (this.#stopped || sequence <= this.#lastDelivered) return
    this.#lastDelivered = sequence
    this.#onFrame(data, formatOffset({ created: this.#created, sequence }))
  }
}
