import type { Watermark } from '../buffer/watermark.ts'
import type { Change } from '../model/change.ts'
import { FrameError } from '../model/errors.ts'
import type { Place } from '../model/position.ts'
import { decodeFrame } from '../transport/decode.ts'
import { MOST_WAITING, type SectionContext, type SectionOptions } from './context.ts'
import type { History } from './history.ts'
import { observed } from './observation.ts'
import type { OrderedFeed } from './ordered-feed.ts'
import { RecentChanges } from './recent-changes.ts'
import type { Repair } from './repair.ts'
import type { Replicas } from './replicas.ts'

/** Where what comes in goes. */
interface Destinations {
  readonly history: History
  readonly water: Watermark
  readonly replicas: Replicas
  readonly ordered: OrderedFeed
  readonly repair: Repair
  /** Something may be missing: the store is to be asked. */
  suspect(): void
}

/** The way of a change into a section: from the bus, from an own commit or from the log, to its document and to `ordered`. */
export class Incoming {
  readonly #options: SectionOptions
  readonly #context: SectionContext
  readonly #history: History
  readonly #water: Watermark
  readonly #replicas: Replicas
  readonly #ordered: OrderedFeed
  readonly #repair: Repair
  readonly #suspect: () => void
  readonly #recent: RecentChanges
  #opened = false
  /** What came before we knew where the section stands. */
  #early: { readonly change: Change; readonly size: number }[] = []
  /** More came than is kept, or than is to be had. */
  #overflowed = false

  constructor(options: SectionOptions, context: SectionContext, to: Destinations) {
    this.#options = options
    this.#context = context
    this.#history = to.history
    this.#water = to.water
    this.#replicas = to.replicas
    this.#ordered = to.ordered
    this.#repair = to.repair
    this.#suspect = () => to.suspect()
    this.#recent = new RecentChanges(options.memory.changes, context.runtime)
  }

  /** Is it known where the section stands? Until then what comes in waits. */
  get opened(): boolean {
    return this.#opened
  }

  get waiting(): number {
    return this.#early.length
  }

  /** It is known now. */
  open(): void {
    this.#opened = true
    const early = this.#early
    this.#early = []
    for (const { change, size } of early) this.accept(change, size)
    if (this.#overflowed) this.#suspect()
  }

  /** In another history now: what it does not hold is forgotten. */
  adopted(): void {
    this.#recent.keep((change) => this.#history.holds(change))
  }

  /** The changes of a document that came here lately, in their order. */
  recent(key: string): Change[] {
    return this.#recent.of(key)
  }

  /** Takes a frame from the bus. One that cannot be read counts as a loss: the store is asked at once. */
  receive(frame: string | Uint8Array): void {
    const { counters, emit } = this.#context
    counters.receivedBytes += frame.length
    try {
      const { changes, broken, reached } = decodeFrame(frame)
      const size = frame.length / (changes.length + broken)
      for (const change of changes) this.accept(change, size)
      if (reached) this.#told(reached)
      if (broken > 0) throw new FrameError(`${broken} of its changes`)
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      counters.refusedFrames++
      emit({ ...this.#options.ref, type: 'frame-refused', error })
      this.#suspect()
    }
  }

  /** The section is that far, and what did not come will not. */
  #told({ epoch, sequence }: Place): void {
    // the head that is being asked for may be older
    if (!this.#opened) this.#overflowed = true
    else if (epoch !== this.#history.epoch || sequence > this.#water.gapFree) this.#suspect()
  }

  /** `size`: the characters of its text. */
  accept(change: Change, size: number): void {
    if (!this.#opened) {
      if (this.#early.length < MOST_WAITING) this.#early.push({ change, size })
      else this.#overflowed = true
    } else if (change.epoch === this.#history.epoch) this.#heard(change, size)
    else {
      const common = this.#history.commonUpTo(change.epoch)
      // an epoch we have not heard of: the store says which one is now. Beyond a fork: a lost history, nothing to learn
      if (common === undefined) this.#suspect()
      else if (change.sequence <= common) this.#heard({ ...change, epoch: this.#history.epoch }, size)
    }
  }

  /** A change of our history. False: it is no news. */
  take(change: Change, size: number): boolean {
    const news = this.#offer(change)
    if (news) this.#recent.add(change, size)
    return news
  }

  #offer(change: Change): boolean {
    if (this.#options.follow === 'section') return this.#takeInSequence(change)
    this.#water.shown(change.sequence)
    const replica = this.#replicas.find(change.key)
    return replica !== undefined && this.#replicas.offer(replica, change)
  }

  #takeInSequence(change: Change): boolean {
    const held = this.#replicas.find(change.key)
    const ahead = change.sequence > this.#water.gapFree
    const replica =
      held ?? (ahead && this.#options.replicate === 'all' ? this.#replicas.beginHeard(change.key) : undefined)
    const waiting = this.#water.beyond
    const news = this.#water.note(change.sequence)
    if (news) {
      if (this.#water.beyond < waiting && !this.#repair.catchingUp) this.#context.counters.reorders++
      this.#ordered.put(change.sequence, () => observed(change, false))
    }
    if (replica) this.#replicas.offer(replica, change)
    this.#ordered.release(this.#water.gapFree)
    if (this.#water.beyond > MOST_WAITING) {
      // the log has them all: what came early need not be kept
      this.#water.forgetBeyond()
      this.#ordered.forgetWaiting()
      this.#context.background(this.#options.ref, this.#repair.catchUp())
    } else if (this.#water.beyond > 0) this.#repair.soon()
    return news
  }

  #heard(change: Change, size: number): void {
    // the echo of an own change is no duplicate
    const own = change.origin === this.#context.origin
    if (!this.take(change, size) && !own) this.#context.counters.duplicates++
  }
}
