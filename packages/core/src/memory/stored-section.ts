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

/** One section as the server holds it: its history, documents, log and op memory. */
export class StoredSection {
  readonly undoLog: UndoLog
  readonly documents: DocumentTable
  readonly opResults: OpMemory
  readonly callerOpMemory: CallerOpMemory
  readonly tombstones: Tombstones
  readonly #settings: HubSettings
  readonly #log: ChangeLog
  /** The server's identity when this epoch began: on a difference the server may lack what others were shown. */
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

  /** As of now; answers take it after their work is done. */
  state(): SectionState {
    const state = {
      epoch: this.#epoch,
      sequence: this.#sequence,
      opResultCount: this.opResults.count,
      ancestors: this.#ancestors,
    }
    return this.#definition ? { ...state, definition: this.#definition } : state
  }

  /** Do the section's readers listen elsewhere than this writer would send? */
  contradictsDefinition({ definition }: CommitRequest): boolean {
    return (
      definition !== undefined &&
      this.#definition !== undefined &&
      definition.subscribeBy !== this.#definition.subscribeBy
    )
  }

  /** Notes how the writer of a commit defines the section. */
  recordDefinition({ definition }: CommitRequest): void {
    const before = this.#definition
    if (!definition || definition.digest === before?.digest) return
    if (this.undoLog.isEnabled) this.undoLog.record(() => (this.#definition = before))
    this.#definition = Object.freeze({ subscribeBy: definition.subscribeBy, digest: definition.digest })
  }

  /** The fence, first in every call: a server with another identity than the noted one begins a new epoch. */
  touch(identity: number): void {
    if (this.#knownIdentity !== identity) this.#startEpoch(identity)
  }

  /** One who was shown more of this epoch than there is proves that its tail was lost. */
  detectLostTail({ highestSeen }: HeadQuery): void {
    if (highestSeen?.epoch === this.#epoch && highestSeen.sequence > this.#sequence)
      this.#startEpoch(this.#knownIdentity)
  }

  /** Enters a commit into history: the sequence advances to the change's own. */
  append(change: EncodedChange, now: number): void {
    const before = this.#sequence
    if (this.undoLog.isEnabled) this.undoLog.record(() => (this.#sequence = before))
    this.#sequence = change.sequence
    this.#log.append(change, now)
  }

  /** The log after a place; `key`: of one document. */
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

  /** All that the log still has. */
  loggedChanges(): EncodedChange[] {
    return Array.from(this.#log.from(0), (change) => this.#inCurrentEpoch(change))
  }

  /** What the log holds is history of today's epoch: the one it was committed in may be forgotten by now. */
  #inCurrentEpoch(change: EncodedChange): EncodedChange {
    return change.epoch === this.#epoch ? change : { ...change, epoch: this.#epoch }
  }

  /** Begins a new epoch. Log and op memory go on: up to the fork history is common. */
  #startEpoch(identity: number): void {
    const [noted, epoch, lineage] = [this.#knownIdentity, this.#epoch, this.#ancestors]
    this.undoLog.record(() => {
      this.#knownIdentity = noted
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
