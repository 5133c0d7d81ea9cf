import type { Change } from '../model/change.ts'
import { FrameError } from '../model/errors.ts'
import type { LogPosition } from '../model/position.ts'
import { decodeFrame } from '../transport/decode.ts'
import { utf8ByteLength } from '../transport/utf8.ts'
import type { SequenceTracker } from '../versioning/sequence-tracker.ts'
import type { EpochTracker } from './epoch-tracker.ts'
import type { GapRepair } from './gap-repair.ts'
import { RecentChanges } from './recent-changes.ts'
import type { ReorderBuffer } from './reorder-buffer.ts'
import { replicaChange } from './replica-event.ts'
import type { ReplicaTable } from './replica-table.ts'
import { MAX_PENDING_CHANGES, type SectionDeps, type SectionOptions } from './section-deps.ts'

/** Routes each change, from the bus, an own commit or the log, to its document's replica and to the reorder buffer. */
export class ChangeRouter {
  readonly #options: SectionOptions
  readonly #deps: SectionDeps
  readonly #epochs: EpochTracker
  readonly #sequences: SequenceTracker
  readonly #replicas: ReplicaTable
  readonly #reorderBuffer: ReorderBuffer
  readonly #gapRepair: GapRepair
  readonly #onSuspectedLoss: () => void
  readonly #recentChanges: RecentChanges
  #started = false
  /** Changes that arrived before the section's head was known. */
  #buffered: { readonly change: Change; readonly size: number }[] = []
  /** True if changes were dropped before the section started, or a head marker announced missing ones. */
  #overflowed = false

  constructor(options: SectionOptions, deps: SectionDeps, targets: ChangeRouterTargets) {
    this.#options = options
    this.#deps = deps
    this.#epochs = targets.epochs
    this.#sequences = targets.sequences
    this.#replicas = targets.replicas
    this.#reorderBuffer = targets.reorderBuffer
    this.#gapRepair = targets.gapRepair
    this.#onSuspectedLoss = () => targets.onSuspectedLoss()
    this.#recentChanges = new RecentChanges(options.cache.recentChangesChars, deps.runtime)
  }

  /** True once the section's head is known. Until then, changes are buffered. */
  get isStarted(): boolean {
    return this.#started
  }

  get bufferedCount(): number {
    return this.#buffered.length
  }

  /** Starts routing, with the buffered changes first. */
  start(): void {
    this.#started = true
    const buffered = this.#buffered
    this.#buffered = []
    for (const { change, size } of buffered) this.accept(change, size)
    if (this.#overflowed) this.#onSuspectedLoss()
  }

  /** Stops routing and drops all changes. */
  stop(): void {
    this.#started = false
    this.#buffered = []
    this.#overflowed = false
    this.#recentChanges.retain(() => false)
  }

  /** Drops recent changes that are not part of the new history. */
  onEpochSwitch(): void {
    this.#recentChanges.retain((change) => this.#epochs.includes(change))
  }

  /** Returns the changes of a document that arrived recently, in order. */
  recentChanges(key: string): Change[] {
    return this.#recentChanges.forKey(key)
  }

  /** Receives a frame from the bus. An undecodable frame counts as lost, and the store is asked at once. */
  receiveFrame(frame: string | Uint8Array): void {
    const { metrics, emit } = this.#deps
    metrics.receivedBytes += typeof frame === 'string' ? utf8ByteLength(frame) : frame.length
    try {
      const { changes, malformed, head } = decodeFrame(frame)
      const size = frame.length / (changes.length + malformed)
      for (const change of changes) this.accept(change, size)
      if (head) this.#onHeadMarker(head)
      if (malformed > 0) throw new FrameError(`expected decodable changes, got ${malformed} malformed`)
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      metrics.rejectedFrames++
      emit({ ...this.#options.ref, type: 'frame-rejected', error })
      this.#onSuspectedLoss()
    }
  }

  /** Handles a head marker: the section has reached this position, and changes that have not arrived will not. */
  #onHeadMarker({ epoch, sequence }: LogPosition): void {
    // the head request in flight may be answered with an older state
    if (!this.#started) this.#overflowed = true
    else if (epoch !== this.#epochs.epoch || sequence > this.#sequences.contiguous) this.#onSuspectedLoss()
  }

  /** Accepts a change of any epoch. `size`: characters of its text. */
  accept(change: Change, size: number): void {
    if (!this.#started) {
      if (this.#buffered.length < MAX_PENDING_CHANGES) this.#buffered.push({ change, size })
      else this.#overflowed = true
    } else if (change.epoch === this.#epochs.epoch) this.#routeAndCount(change, size)
    else {
      const common = this.#epochs.commonSequence(change.epoch)
      // unknown epoch: ask the store for the current one. Above a fork: a lost change, dropped
      if (common === undefined) this.#onSuspectedLoss()
      else if (change.sequence <= common) this.#routeAndCount({ ...change, epoch: this.#epochs.epoch }, size)
    }
  }

  /** Routes a change of the current history. Returns false for a duplicate. */
  route(change: Change, size: number): boolean {
    const isNew = this.#dispatch(change)
    if (isNew) this.#recentChanges.add(change, size)
    return isNew
  }

  #dispatch(change: Change): boolean {
    if (this.#options.subscribeBy === 'section') return this.#dispatchInSequence(change)
    this.#sequences.observe(change.sequence)
    const replica = this.#replicas.find(change.key)
    return replica !== undefined && this.#replicas.applyOrBuffer(replica, change)
  }

  #dispatchInSequence(change: Change): boolean {
    const cached = this.#replicas.find(change.key)
    const isAhead = change.sequence > this.#sequences.contiguous
    const replica =
      cached ?? (isAhead && this.#options.replicate === 'all' ? this.#replicas.addForChange(change.key) : undefined)
    const waiting = this.#sequences.outOfOrder
    const isNew = this.#sequences.add(change.sequence)
    if (isNew) {
      if (this.#sequences.outOfOrder < waiting && !this.#gapRepair.isRepairing) this.#deps.metrics.reorders++
      this.#reorderBuffer.put(change.sequence, () => replicaChange(change, false))
    }
    if (replica) this.#replicas.applyOrBuffer(replica, change)
    this.#reorderBuffer.releaseUpTo(this.#sequences.contiguous)
    if (this.#sequences.outOfOrder > MAX_PENDING_CHANGES) {
      // the log contains them all, so the early ones need not be kept
      this.#sequences.clearOutOfOrder()
      this.#reorderBuffer.clearPending()
      this.#deps.background(this.#options.ref, this.#gapRepair.repairFromLog())
    } else if (this.#sequences.outOfOrder > 0) this.#gapRepair.schedule()
    return isNew
  }

  #routeAndCount(change: Change, size: number): void {
    // the echo of an own change does not count as a duplicate
    const isOwn = change.origin === this.#deps.origin
    if (!this.route(change, size) && !isOwn) this.#deps.metrics.duplicates++
  }
}

/** Collaborators of {@link ChangeRouter}. */
interface ChangeRouterTargets {
  readonly epochs: EpochTracker
  readonly sequences: SequenceTracker
  readonly replicas: ReplicaTable
  readonly reorderBuffer: ReorderBuffer
  readonly gapRepair: GapRepair
  /** Called when changes may be missing and the store should be asked. */
  onSuspectedLoss(): void
}
