import type { Watermark } from '../buffer/watermark.ts'
import type { Change } from '../model/change.ts'
import { FrameError } from '../model/errors.ts'
import { decodeChange } from '../transport/decode.ts'
import type { LogPage } from '../transport/store.ts'
import type { Standing } from '../versioning/lineage.ts'
import type { SectionContext, SectionOptions } from './context.ts'
import type { History } from './history.ts'
import type { OrderedFeed } from './ordered-feed.ts'
import type { Replica } from './replica.ts'
import type { Replicas } from './replicas.ts'

const PAGE = 1_000

/** What a repair asks of its section. */
export interface RepairOwner {
  hear(standing: Standing, adoption: number): boolean
  /** A change of our history, read from the log; its text has `size` characters. */
  take(change: Change, size: number): void
  /** All that is held was known to be current when this was asked. */
  verified(askedAt: number): void
  /** Holds every document, where all should be held. */
  holdAll(): Promise<void>
}

/** Fills what the bus left out, from the store's log; where the log no longer reaches, by comparing versions. */
export class Repair {
  readonly #options: SectionOptions
  readonly #context: SectionContext
  readonly #history: History
  readonly #water: Watermark
  readonly #replicas: Replicas
  readonly #ordered: OrderedFeed
  readonly #owner: RepairOwner
  #timer: (() => void) | undefined
  /** Behind which sequence the first hole was, when something came too early last, and since when. */
  #holeAfter = 0
  #holeSince = 0
  #catchingUp: Promise<void> | undefined
  #closed = false

  constructor(
    options: SectionOptions,
    context: SectionContext,
    parts: { history: History; water: Watermark; replicas: Replicas; ordered: OrderedFeed },
    owner: RepairOwner,
  ) {
    this.#options = options
    this.#context = context
    this.#history = parts.history
    this.#water = parts.water
    this.#replicas = parts.replicas
    this.#ordered = parts.ordered
    this.#owner = owner
  }

  /** Is something being repaired, or about to be? */
  get pending(): boolean {
    return this.#timer !== undefined || this.#catchingUp !== undefined
  }

  get catchingUp(): boolean {
    return this.#catchingUp !== undefined
  }

  /** Something is missing: unless it comes within the reorder window, the store is asked for it. */
  soon(): void {
    const { gapFree } = this.#water
    if (gapFree !== this.#holeAfter) {
      this.#holeAfter = gapFree
      this.#holeSince = this.#context.runtime.now()
    }
    if (!this.pending) this.#wait(this.#options.reorderWindow)
  }

  #wait(ms: number): void {
    if (this.#closed) return
    const { runtime } = this.#context
    const hole = this.#holeAfter
    this.#timer = runtime.schedule(() => {
      this.#timer = undefined
      // what was waited for has come: the hole that is the first one now has a time of its own
      if (this.#water.beyond > 0 && this.#holeAfter !== hole) {
        const { reorderWindow } = this.#options
        this.#wait(Math.min(Math.max(this.#holeSince + reorderWindow - runtime.now(), 0), reorderWindow))
      } else this.#begin()
    }, ms)
  }

  #begin(): void {
    const { counters, emit, background } = this.#context
    const { ref, follow } = this.#options
    if (follow === 'key') for (const replica of this.#replicas.stuck) background(ref, this.#document(replica))
    else if (this.#water.beyond === 0) this.#replicas.reloadStuck()
    else {
      counters.gaps++
      emit({ ...ref, type: 'gap', missing: this.#water.missing })
      background(ref, this.catchUp())
    }
  }

  /** Reads the section's log from the first hole to the head. One at a time; a call meanwhile shares it. */
  catchUp(): Promise<void> {
    this.#catchingUp ??= this.#section().finally(() => {
      this.#catchingUp = undefined
      if (this.#water.beyond > 0 || this.#replicas.stuck.length > 0) this.soon()
    })
    return this.#catchingUp
  }

  async #section(): Promise<void> {
    const { link, runtime } = this.#context
    const { ref } = this.#options
    const told = new Map<string, Change>()
    for (let read = 0; !this.#closed; ) {
      const { adoptions, epoch } = this.#history
      const after = { epoch, sequence: this.#water.gapFree }
      const askedAt = runtime.elapsed()
      const page = await link.read((store) => store.changesSince(ref, after, PAGE))
      if (!this.#owner.hear(page.standing, adoptions)) continue
      const current = this.#history.adoptions
      if (page.status === 'elsewhere') {
        // adopting the epoch of the answer has moved the watermark: ask from there
        if (current !== adoptions) continue
        return
      }
      const taken = page.status === 'page' ? this.#takeAll(page) : undefined
      if (!taken) {
        await this.#overTheGap(page.standing.sequence)
        if (this.#history.adoptions !== current) continue
        this.#owner.verified(askedAt)
        return
      }
      read += page.changes.length
      for (const change of taken) told.set(change.key, change)
      this.#water.coverTo(page.upTo)
      this.#ordered.release(this.#water.gapFree)
      if (page.upTo < page.standing.sequence && page.upTo > after.sequence) continue
      this.#replicas.reloadStuck()
      await this.#replicas.reloaded()
      // a load has told of another epoch: what was read may not be part of it
      if (this.#history.adoptions !== current) continue
      for (const change of told.values()) this.#replicas.tellExpired(change)
      this.#owner.verified(askedAt)
      if (read > 0) this.#done('log', read)
      return
    }
  }

  /** The log no longer reaches up to there: compare the versions of what is held, and load only what differs. */
  async #overTheGap(sequence: number): Promise<void> {
    const { ref } = this.#options
    const { adoptions } = this.#history
    this.#replicas.loadAnew()
    const held = this.#replicas.known()
    const heads = await this.#context.link.read((store) =>
      store.heads(held.map(({ key }) => ({ scope: { ...ref, key } }))),
    )
    for (const [at, head] of heads.entries()) this.#replicas.compare(held[at] as Replica, head, adoptions)
    // in another history by now, the gap is another too
    if (this.#history.adoptions !== adoptions) return
    this.#replicas.reloadBefore(sequence)
    this.#water.coverTo(sequence)
    // from here on what is not held may have come into being unseen
    this.#replicas.complete = false
    this.#ordered.jump(this.#water.gapFree, 'log-truncated')
    await this.#replicas.reloaded()
    await this.#owner.holdAll()
    this.#done('load', 0)
  }

  /** Followed by key: the document's own log has what is missing. */
  async #document(replica: Replica): Promise<void> {
    const { link, counters, emit } = this.#context
    const { ref } = this.#options
    counters.gaps++
    emit({ ...ref, type: 'gap', key: replica.key, missing: 1 })
    for (;;) {
      const { adoptions } = this.#history
      const after = { epoch: replica.epoch, sequence: replica.seen }
      const page = await link.read((store) => store.changesSince({ ...ref, key: replica.key }, after, PAGE))
      if (this.#closed || replica.load > 0) return
      if (!this.#owner.hear(page.standing, adoptions)) continue
      if (page.status === 'page') this.#takeAll(page)
      break
    }
    if (replica.buffer.length > 0) this.#replicas.reloadStuck()
    this.#done(replica.load > 0 ? 'load' : 'log', 1)
  }

  /** What a log holds counts as of the epoch that answered. `undefined`: some of it cannot be read. */
  #takeAll({ changes, standing }: LogPage): readonly Change[] | undefined {
    let decoded: Change[]
    try {
      decoded = changes.map((encoded) => ({ ...decodeChange(encoded), epoch: standing.epoch }))
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      this.#context.counters.refusedFrames++
      this.#context.emit({ ...this.#options.ref, type: 'frame-refused', error })
      return undefined
    }
    for (const [at, change] of decoded.entries()) this.#owner.take(change, changes[at]?.text.length ?? 0)
    return decoded
  }

  #done(by: 'log' | 'load', changes: number): void {
    this.#context.counters.repairs++
    this.#context.emit({ ...this.#options.ref, type: 'repaired', by, changes })
  }

  close(): void {
    this.#closed = true
    this.#timer?.()
  }
}
