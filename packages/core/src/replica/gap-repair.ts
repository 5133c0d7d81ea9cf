import type { Change } from '../model/change.ts'
import { FrameError } from '../model/errors.ts'
import { decodeChange } from '../transport/decode.ts'
import type { LogPage } from '../transport/store.ts'
import type { SectionState } from '../versioning/section-state.ts'
import type { SequenceTracker } from '../versioning/sequence-tracker.ts'
import type { EpochTracker } from './epoch-tracker.ts'
import type { ReorderBuffer } from './reorder-buffer.ts'
import type { Replica } from './replica.ts'
import type { ReplicaTable } from './replica-table.ts'
import type { SectionDeps, SectionOptions } from './section-deps.ts'

const PAGE_SIZE = 1_000

/**
 * Recovers changes that the bus lost: from the store's log or, where the log is truncated, by comparing versions and
 * reloading documents.
 */
export class GapRepair {
  readonly #options: SectionOptions
  readonly #deps: SectionDeps
  readonly #epochs: EpochTracker
  readonly #sequences: SequenceTracker
  readonly #replicas: ReplicaTable
  readonly #reorderBuffer: ReorderBuffer
  readonly #host: GapRepairHost
  #timer: (() => void) | undefined
  /** Sequence before the first gap when a change last arrived early, and the time since then. */
  #gapAfter = 0
  #gapSince = 0
  #repairing: Promise<void> | undefined
  #closed = false

  constructor(
    options: SectionOptions,
    deps: SectionDeps,
    parts: { epochs: EpochTracker; sequences: SequenceTracker; replicas: ReplicaTable; reorderBuffer: ReorderBuffer },
    host: GapRepairHost,
  ) {
    this.#options = options
    this.#deps = deps
    this.#epochs = parts.epochs
    this.#sequences = parts.sequences
    this.#replicas = parts.replicas
    this.#reorderBuffer = parts.reorderBuffer
    this.#host = host
  }

  /** True if a repair is running or scheduled. */
  get isPending(): boolean {
    return this.#timer !== undefined || this.#repairing !== undefined
  }

  get isRepairing(): boolean {
    return this.#repairing !== undefined
  }

  /** Schedules a repair, for changes that do not arrive within the reorder window. */
  schedule(): void {
    const { contiguous } = this.#sequences
    if (contiguous !== this.#gapAfter) {
      this.#gapAfter = contiguous
      this.#gapSince = this.#deps.runtime.now()
    }
    if (!this.isPending) this.#startTimer(this.#options.reorderWindow)
  }

  #startTimer(ms: number): void {
    if (this.#closed) return
    const { runtime } = this.#deps
    const gap = this.#gapAfter
    this.#timer = runtime.schedule(() => {
      this.#timer = undefined
      // the gap closed in the meantime: the gap that is now first gets its own reorder window
      if (this.#sequences.outOfOrder > 0 && this.#gapAfter !== gap) {
        const { reorderWindow } = this.#options
        this.#startTimer(Math.min(Math.max(this.#gapSince + reorderWindow - runtime.now(), 0), reorderWindow))
      } else this.#start()
    }, ms)
  }

  #start(): void {
    const { metrics, emit, background } = this.#deps
    const { ref, subscribeBy } = this.#options
    if (subscribeBy === 'document')
      for (const replica of this.#replicas.stuck) background(ref, this.#repairDocument(replica))
    else if (this.#sequences.outOfOrder === 0) this.#replicas.reloadStuck()
    else {
      metrics.gaps++
      emit({ ...ref, type: 'gap', missing: this.#sequences.missing })
      background(ref, this.repairFromLog())
    }
  }

  /** Reads the section's log from the first gap to the head. Concurrent calls share one run. */
  repairFromLog(): Promise<void> {
    this.#repairing ??= this.#repairSection().finally(() => {
      this.#repairing = undefined
      if (this.#sequences.outOfOrder > 0 || this.#replicas.stuck.length > 0) this.schedule()
    })
    return this.#repairing
  }

  async #repairSection(): Promise<void> {
    const { retryingStore, runtime } = this.#deps
    const { ref } = this.#options
    const lastByKey = new Map<string, Change>()
    for (let read = 0; !this.#closed; ) {
      const { switches, epoch } = this.#epochs
      const after = { epoch, sequence: this.#sequences.contiguous }
      const askedAt = runtime.elapsed()
      const page = await retryingStore.read((store) => store.changesSince(ref, after, PAGE_SIZE))
      if (!this.#host.acceptAnswer(page.state, switches)) continue
      const switchesNow = this.#epochs.switches
      if (page.status === 'unknown-position') {
        // the epoch switch moved the contiguous sequence: read from there
        if (switchesNow !== switches) continue
        return
      }
      const applied = page.status === 'page' ? this.#applyPage(page) : undefined
      if (!applied) {
        await this.#reconcileVersions(page.state.sequence)
        if (this.#epochs.switches !== switchesNow) continue
        this.#host.markVerified(askedAt)
        return
      }
      read += page.changes.length
      for (const change of applied) lastByKey.set(change.key, change)
      this.#sequences.fillTo(page.upTo)
      this.#reorderBuffer.releaseUpTo(this.#sequences.contiguous)
      if (page.upTo < page.state.sequence && page.upTo > after.sequence) continue
      this.#replicas.reloadStuck()
      await this.#replicas.whenReloaded()
      // a load revealed another epoch, which may not contain the changes that were read
      if (this.#epochs.switches !== switchesNow) continue
      for (const change of lastByKey.values()) this.#replicas.emitIfExpired(change)
      this.#host.markVerified(askedAt)
      if (read > 0) this.#reportRepaired('log', read)
      return
    }
  }

  /**
   * Replaces a truncated log: compares the versions of the cached documents with the store and reloads those that
   * differ.
   */
  async #reconcileVersions(sequence: number): Promise<void> {
    const { ref } = this.#options
    const { switches } = this.#epochs
    this.#replicas.restartLoads()
    const cached = this.#replicas.known()
    const heads = await this.#deps.retryingStore.read((store) =>
      store.heads(cached.map(({ key }) => ({ scope: { ...ref, key } }))),
    )
    for (const [at, head] of heads.entries()) this.#replicas.compareWithHead(cached[at] as Replica, head, switches)
    // in another epoch, the gap is a different one
    if (this.#epochs.switches !== switches) return
    this.#replicas.reloadOlderThan(sequence)
    this.#sequences.fillTo(sequence)
    // documents may have been created unobserved, so the cache is no longer complete
    this.#replicas.complete = false
    this.#reorderBuffer.resetTo(this.#sequences.contiguous, 'log-truncated')
    await this.#replicas.whenReloaded()
    await this.#host.fullSync()
    this.#reportRepaired('load', 0)
  }

  /** Repairs one document from its own log, with `subscribeBy: 'document'`. */
  async #repairDocument(replica: Replica): Promise<void> {
    const { retryingStore, metrics, emit } = this.#deps
    const { ref } = this.#options
    metrics.gaps++
    emit({ ...ref, type: 'gap', key: replica.key, missing: 1 })
    for (;;) {
      const { switches } = this.#epochs
      const after = { epoch: replica.epoch, sequence: replica.sequence }
      const page = await retryingStore.read((store) =>
        store.changesSince({ ...ref, key: replica.key }, after, PAGE_SIZE),
      )
      if (this.#closed || replica.pendingLoad > 0) return
      if (!this.#host.acceptAnswer(page.state, switches)) continue
      if (page.status === 'page') this.#applyPage(page)
      break
    }
    if (replica.buffer.length > 0) this.#replicas.reloadStuck()
    this.#reportRepaired(replica.pendingLoad > 0 ? 'load' : 'log', 1)
  }

  /** Applies a page of the log, in the epoch of its answer. Returns `undefined` if a change cannot be decoded. */
  #applyPage({ changes, state }: LogPage): readonly Change[] | undefined {
    let decoded: Change[]
    try {
      decoded = changes.map((encoded) => ({ ...decodeChange(encoded), epoch: state.epoch }))
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      this.#deps.metrics.rejectedFrames++
      this.#deps.emit({ ...this.#options.ref, type: 'frame-rejected', error })
      return undefined
    }
    for (const [at, change] of decoded.entries()) this.#host.applyLogged(change, changes[at]?.text.length ?? 0)
    return decoded
  }

  #reportRepaired(by: 'log' | 'load', changes: number): void {
    this.#deps.metrics.repairs++
    this.#deps.emit({ ...this.#options.ref, type: 'repaired', by, changes })
  }

  close(): void {
    this.#closed = true
    this.#timer?.()
  }
}

/** Callbacks of {@link GapRepair} into its section. */
export interface GapRepairHost {
  acceptAnswer(state: SectionState, asOf: number): boolean
  /** Applies a change of the current history, read from the log. `size`: characters of its text. */
  applyLogged(change: Change, size: number): void
  /** Records that all replicas were current at `askedAt`. */
  markVerified(askedAt: number): void
  /** Caches every document, with `replicate: 'all'`. */
  fullSync(): Promise<void>
}
