import type { SectionDefinition } from '../model/section-definition.ts'
import type { CommitRequest, HeadQuery, LogPage } from '../transport/store.ts'
import type { EncodedChange } from '../transport/wire.ts'
import { type Fork, includesPosition, type SectionState } from '../versioning/section-state.ts'
import { ChangeLog } from './change-log.ts'
import { DocumentTable } from './document-table.ts'
import { CallerOpMemory, OpMemory } from './op-memory.ts'
import type { HubSettings } from './options.ts'
import { Tombstones } from './tombstones.ts'
import type { UndoLog } from './undo-log.ts'

/** One section on the server: its history, documents, log and op memory. */
export class StoredSection {
  readonly undoLog: UndoLog
  readonly documents: DocumentTable
  readonly opResults: OpMemory
  readonly callerOpMemory: CallerOpMemory
  readonly tombstones: Tombstones
  readonly #settings: HubSettings
  readonly #log: ChangeLog
  /**
   * The server's identity when this epoch began. If it changes, the server may lack commits that instances have
   * received.
   */
  #knownIdentity: number
  #epoch: string
  #sequence = 0
  #ancestors: readonly Fork[] = []
  #definition: SectionDefinition | undefined

  constructor(settings: HubSettings, undoLog: UndoLog, identity: number) {
    this.undoLog = undoLog
    this.documents = new DocumentTable(undoLog)
    this.opResults = new OpMemory(settings, undoLog)
    this.callerOpMemory = new CallerOpMemory(settings.opResultTtl, undoLog)
    this.tombstones = new Tombstones(undoLog)
    this.#settings = settings
    this.#log = new ChangeLog(settings, undoLog)
    this.#knownIdentity = identity
    this.#epoch = settings.runtime.id()
  }

  get epoch(): string {
    return this.#epoch
  }

  get sequence(): number {
    return this.#sequence
  }

  /** Returns the current state. Answers read it after their work is complete. */
  state(): SectionState {
    const state = {
      epoch: this.#epoch,
      sequence: this.#sequence,
      opResultCount: this.opResults.count,
      ancestors: this.#ancestors,
    }
    return this.#definition ? { ...state, definition: this.#definition } : state
  }

  /** Whether readers of the section subscribe to other channels than the writer would publish to. */
  contradictsDefinition({ definition }: CommitRequest): boolean {
    return (
      definition !== undefined &&
      this.#definition !== undefined &&
      definition.subscribeBy !== this.#definition.subscribeBy
    )
  }

  /** Records the definition of a commit's writer. */
  recordDefinition({ definition }: CommitRequest): void {
    const before = this.#definition
    if (!definition || definition.digest === before?.digest) return
    if (this.undoLog.isEnabled) this.undoLog.record(() => (this.#definition = before))
    this.#definition = Object.freeze({ subscribeBy: definition.subscribeBy, digest: definition.digest })
  }

  /** Fence, called first by every operation: if the server's identity changed, a new epoch begins. */
  touch(identity: number): void {
    if (this.#knownIdentity !== identity) this.#startEpoch(identity)
  }

  /**
   * Begins a new epoch if the caller has received more of the current one than the section has, which proves a lost
   * tail.
   */
  detectLostTail({ highestSeen }: HeadQuery): void {
    if (highestSeen?.epoch === this.#epoch && highestSeen.sequence > this.#sequence)
      this.#startEpoch(this.#knownIdentity)
  }

  /** Appends a commit to the log and advances the sequence to the change's own. */
  append(change: EncodedChange, now: number): void {
    const before = this.#sequence
    if (this.undoLog.isEnabled) this.undoLog.record(() => (this.#sequence = before))
    this.#sequence = change.sequence
    this.#log.append(change, now)
  }

  /** Returns a page of the log after a position, optionally of one document only. */
  changesSince(after: { epoch: string; sequence: number }, limit: number, key?: string): LogPage {
    const state = this.state()
    const empty = { state, changes: [], upTo: after.sequence }
    if (!includesPosition(state, after)) return { ...empty, status: 'unknown-position' }
    if (after.sequence < this.#sequence - this.#log.size) return { ...empty, status: 'truncated' }
    const changes: EncodedChange[] = []
    for (const change of this.#log.from(after.sequence + 1)) {
      if (key !== undefined && change.key !== key) continue
      if (changes.length === limit) return { state, status: 'page', changes, upTo: changes.at(-1)?.sequence ?? 0 }
      changes.push(this.#inCurrentEpoch(change))
    }
    return { state, status: 'page', changes, upTo: this.#sequence }
  }

  /** Returns all changes in the log. */
  loggedChanges(): EncodedChange[] {
    return Array.from(this.#log.from(0), (change) => this.#inCurrentEpoch(change))
  }

  /**
   * Returns the change in the current epoch. The log is part of its history, while the epoch of the commit may have
   * left the lineage.
   */
  #inCurrentEpoch(change: EncodedChange): EncodedChange {
    return change.epoch === this.#epoch ? change : { ...change, epoch: this.#epoch }
  }

  /** Begins a new epoch. Log and op memory continue, because history up to the fork is common. */
  #startEpoch(identity: number): void {
    const [knownIdentity, epoch, lineage] = [this.#knownIdentity, this.#epoch, this.#ancestors]
    this.undoLog.record(() => {
      this.#knownIdentity = knownIdentity
      this.#epoch = epoch
      this.#ancestors = lineage
    })
    const fork: Fork = Object.freeze({ epoch, sequence: this.#sequence, opResultCount: this.opResults.count })
    const first = Math.max(0, lineage.length + 1 - this.#settings.lineageDepth)
    this.#ancestors = Object.freeze([...lineage, fork].slice(first))
    this.#knownIdentity = identity
    this.#epoch = this.#settings.runtime.id()
  }
}
