import type { Msg } from '@nats-io/transport-node'
import type { FrameHandler } from '@sync/core/adapter'
import type { SubscriptionHandlers } from '../transport/transport.ts'
import { formatOffset, type Offset } from './offset.ts'
import type { PartitionStream, StreamState } from './stream.ts'

/** A frame as it was sent on when it had been stored. */
interface LiveFrame {
  readonly sequence: number
  /** Of the message before it with the same subject. */
  readonly previous: number
  readonly data: Uint8Array
}

/** How many frames may wait while older ones are read; beyond that they are read from the stream as well. */
const MAX_BUFFERED_FRAMES = 10_000

/**
 * One subscription. Hands over what the stream sends on, in order; each message names the one before it, so that a hole is seen
 * and filled from the stream. No state of it lies on a server: no server's death ends it.
 */
export class Follower {
  readonly #stream: PartitionStream
  readonly #subject: string
  readonly #onFrame: FrameHandler
  readonly #onGap: () => void
  /** Nothing can be read of the stream, and may not be heard of it either. */
  readonly onSubscriptionLost: () => void
  #created = ''
  /** Handed over up to here. */
  #lastDelivered = 0
  /** Nothing of the subject lies between the last one handed over and this. */
  #verifiedUpTo = 0
  /** The stream was seen to reach so far. */
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

  /** Handed over up to here. */
  get lastSequence(): number {
    return this.#lastDelivered
  }

  /** Everything after the offset is still to come. */
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

  receive({ data, headers }: Msg): void {
    if (this.#stopped || headers?.get('Nats-Stream') !== this.#stream.name) return
    const sequence = Number(headers.get('Nats-Sequence'))
    if (!Number.isSafeInteger(sequence)) return
    const previous = Number(headers.get('Nats-Last-Sequence'))
    if (this.#buffered.length >= MAX_BUFFERED_FRAMES) this.#buffered = []
    this.#buffered.push({ sequence, previous, data })
    if (!this.#started || this.#fillingGap) return
    this.#deliverBuffered()
    // should reading fail, the next look reads on
    if (this.#buffered.length > 0) this.#fillGap().catch(() => {})
  }

  /** Catches up with where the stream stands, if anything was missed. `before`: what had been handed over when it was asked. */
  async catchUp(state: StreamState, lastDelivered = 0): Promise<void> {
    if (this.#stopped) return
    if (state.created !== this.#created) {
      // another stream, of which nothing was seen
      this.#created = state.created
      this.#lastDelivered = 0
      this.#verifiedUpTo = 0
      this.#buffered = []
      this.#onGap()
    } else if (state.lastSequence < lastDelivered) {
      // it lost its end, and counts on from there: other frames will have the sequences of those that were seen
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

  /** Reads on in the stream until its end, or until what waits follows. */
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
      // whoever waited may have been followed by others that were missed too
      if (this.#buffered.length === 0 && (!stored || (hadBuffered && this.#lastDelivered >= this.#streamEnd))) return
    }
  }

  /** Hands over what waits and follows. */
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
