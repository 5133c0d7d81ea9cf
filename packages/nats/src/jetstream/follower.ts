import type { Msg } from '@nats-io/transport-node'
import type { FrameHandler } from '@sync/core/adapter'
import type { Listening } from '../bus/medium.ts'
import { type Offset, writeOffset } from './offset.ts'
import type { PartitionStream, StreamState } from './stream.ts'

/** A frame as it was sent on when it had been stored. */
interface Live {
  readonly sequence: number
  /** Of the message before it with the same subject. */
  readonly before: number
  readonly data: Uint8Array
}

/** How many frames may wait while older ones are read; beyond that they are read from the stream as well. */
const MOST_WAITING = 10_000

/**
 * One subscription. Hands over what the stream sends on, in order; each message names the one before it, so that a hole is seen
 * and filled from the stream. No state of it lies on a server: no server's death ends it.
 */
export class Follower {
  readonly #stream: PartitionStream
  readonly #subject: string
  readonly #onFrame: FrameHandler
  readonly #onLoss: () => void
  /** Nothing can be read of the stream, and may not be heard of it either. */
  readonly onDeaf: () => void
  #created = ''
  /** Handed over up to here. */
  #last = 0
  /** Nothing of the subject lies between the last one handed over and this. */
  #checked = 0
  /** The stream was seen to reach so far. */
  #known = 0
  #waiting: Live[] = []
  #filling: Promise<void> | undefined
  #started = false
  #stopped = false

  constructor(stream: PartitionStream, subject: string, handling: Omit<Listening, 'after'>) {
    this.#stream = stream
    this.#subject = subject
    this.#onFrame = handling.onFrame
    this.#onLoss = handling.onLoss
    this.onDeaf = handling.onDeaf
  }

  /** Handed over up to here. */
  get last(): number {
    return this.#last
  }

  /** Everything after the offset is still to come. */
  start({ created, sequence }: Offset): void {
    this.#created = created
    this.#last = sequence
    this.#checked = sequence
    this.#started = true
    this.#join()
  }

  stop(): void {
    this.#stopped = true
    this.#waiting = []
  }

  take({ data, headers }: Msg): void {
    if (this.#stopped || headers?.get('Nats-Stream') !== this.#stream.name) return
    const sequence = Number(headers.get('Nats-Sequence'))
    if (!Number.isSafeInteger(sequence)) return
    const before = Number(headers.get('Nats-Last-Sequence'))
    if (this.#waiting.length >= MOST_WAITING) this.#waiting = []
    this.#waiting.push({ sequence, before, data })
    if (!this.#started || this.#filling) return
    this.#join()
    // should reading fail, the next look reads on
    if (this.#waiting.length > 0) this.#fill().catch(() => {})
  }

  /** Catches up with where the stream stands, if anything was missed. `before`: what had been handed over when it was asked. */
  async catchUp(state: StreamState, before = 0): Promise<void> {
    if (this.#stopped) return
    if (state.created !== this.#created) {
      // another stream, of which nothing was seen
      this.#created = state.created
      this.#last = 0
      this.#checked = 0
      this.#waiting = []
      this.#onLoss()
    } else if (state.last < before) {
      // it lost its end, and counts on from there: other frames will have the sequences of those that were seen
      this.#last = state.last
      this.#checked = state.last
      this.#onLoss()
    }
    const seen = Math.max(this.#last, this.#checked)
    if (state.last < seen) this.#checked = this.#last
    if (state.last <= seen) return
    if (state.first > seen + 1) this.#onLoss()
    this.#known = state.last
    await this.#fill()
    this.#checked = Math.max(this.#checked, state.last)
  }

  #fill(): Promise<void> {
    this.#filling ??= this.#read().finally(() => {
      this.#filling = undefined
    })
    return this.#filling
  }

  /** Reads on in the stream until its end, or until what waits follows. */
  async #read(): Promise<void> {
    while (!this.#stopped) {
      const waited = this.#waiting.length > 0
      const stored = await this.#stream.from(this.#subject, Math.max(this.#last, this.#checked) + 1)
      if (stored) this.#hand({ sequence: stored.seq, data: stored.data })
      else if (waited) this.#last = Math.max(this.#last, this.#waiting[0]?.before ?? 0)
      this.#join()
      // whoever waited may have been followed by others that were missed too
      if (this.#waiting.length === 0 && (!stored || (waited && this.#last >= this.#known))) return
    }
  }

  /** Hands over what waits and follows. */
  #join(): void {
    let at = 0
    for (; at < this.#waiting.length; at++) {
      const live = this.#waiting[at] as Live
      if (live.sequence <= this.#last) continue
      if (live.before > Math.max(this.#last, this.#checked)) break
      this.#hand(live)
    }
    this.#waiting = this.#waiting.slice(at)
  }

  #hand({ sequence, data }: Pick<Live, 'sequence' | 'data'>): void {
    if (this.#stopped || sequence <= this.#last) return
    this.#last = sequence
    this.#onFrame(data, writeOffset({ created: this.#created, sequence }))
  }
}
