import { type Change, type FieldEdit, isCreation } from '../model/change.ts'
import { type Json, type JsonObject, memberOf } from '../model/json.ts'
import { freezeInOrder, inCanonicalOrder } from '../model/member-order.ts'
import { fieldValues, putFields } from '../patch/apply-fields.ts'
import type { LoadResult } from '../transport/store.ts'
import type { FieldTable, FieldVersions } from './field-versions.ts'
import type { ReloadReason } from './replica-event.ts'

const EMPTY_DOCUMENT: JsonObject = Object.freeze({})
/** Shared empty arrays: most replicas have no buffered changes and no waiters. */
const NO_CHANGES: Change[] = []
const NO_WAITERS: (() => void)[] = []

/**
 * One instance's copy of one document: a state machine without I/O.
 *
 * `sequence` is the section's sequence as of which the state is known. A change at or below it is a duplicate. A
 * document that does not exist has a sequence too, so that a delayed change cannot re-create it.
 */
export class Replica {
  readonly key: string
  /** True once the document's state is known, even if that is absence. */
  known = false
  epoch = ''
  sequence = 0
  /** Generation of the document; 0 until it was seen to exist. Kept after its removal. */
  generation = 0
  version = 0
  /**
   * Current value. Until it is read, no other code refers to it, so changes are applied in place. Copying is the main
   * cost of a change to a large document, and documents change more often than they are read.
   */
  #value: Record<string, Json> | undefined = undefined
  #exposed = false
  /** True if fields were added, so that the value may be out of canonical order until it is read. */
  #isExtended = false
  readonly #table: FieldTable
  #versions: FieldVersions
  /** Version of every absent field. */
  floor = 0
  changedAt = 0
  /** Time at which this copy expires, on the runtime's `elapsed` clock; `undefined` if never. */
  expiresAt: number | undefined = undefined
  touchedAt: number = Number.NEGATIVE_INFINITY
  /** Second-chance bit of the eviction, and the sweep that last observed it. */
  recentlyRead = false
  lastReadSweep = 0
  /** Changes that cannot be applied yet, in sequence order. */
  buffer: readonly Change[] = NO_CHANGES
  /** Number of the load in flight; 0 if none. */
  pendingLoad = 0
  /** Number of the last completed load. */
  lastLoad = 0
  /** Error of the last load, until the next attempt. */
  loadFailure: { readonly cause: unknown } | undefined = undefined
  /** Sequence of the last acknowledged write of this instance that a failed load has kept from being applied; 0 if none. */
  requiredSequence = 0
  /** True if buffered changes were dropped during a load, so that its result is not enough. */
  overflowed = false
  /** True if the value was found to differ from the store's at the same version. */
  corrupt = false
  /** Reason of the reload, which watchers receive if the value differs afterwards. */
  reloadReason: ReloadReason = 'snapshot'
  #waiters = NO_WAITERS

  constructor(key: string, table: FieldTable) {
    this.key = key
    this.#table = table
    this.#versions = table.empty
  }

  /** True if the document exists, as far as the replica knows. */
  get exists(): boolean {
    return this.#value !== undefined
  }

  /** The document, frozen. Later changes create a new value. */
  get value(): JsonObject | undefined {
    if (!this.#exposed && this.#value !== undefined) {
      if (this.#isExtended) this.#value = inCanonicalOrder(this.#value)
      this.#isExtended = false
      Object.freeze(this.#value)
      this.#exposed = true
    }
    return this.#value
  }

  /** False if the state is older than an acknowledged write of this instance, so that it must not be read. */
  get showsOwnWrites(): boolean {
    return this.sequence >= this.requiredSequence
  }

  /** True if a caller waits for this replica to change. */
  get hasWaiters(): boolean {
    return this.#waiters.length > 0
  }

  /**
   * True if the state is known and no load, buffered change or failure is pending. Only then can `update` build on it.
   */
  get settled(): boolean {
    return this.known && this.pendingLoad === 0 && this.buffer.length === 0 && this.loadFailure === undefined
  }

  /** Returns the version of a field, present or absent. */
  fieldVersion(field: string): number {
    if (memberOf(this.#value, field) === undefined) return this.floor
    return this.#table.get(this.#versions, field) ?? this.floor
  }

  /** Returns the version of each present field. */
  fieldVersions(): Record<string, number> {
    return Object.fromEntries(
      Object.keys(this.value ?? EMPTY_DOCUMENT).map((field) => [field, this.fieldVersion(field)]),
    )
  }

  /** Buffers a change. Returns false for a duplicate. */
  bufferChange(change: Change): boolean {
    if (this.known && change.epoch === this.epoch && change.sequence <= this.sequence) return false
    // insertion from the end: the change is usually the newest
    let at = this.buffer.length
    while (at > 0 && (this.buffer[at - 1] as Change).sequence > change.sequence) at--
    if (this.buffer[at - 1]?.sequence === change.sequence) return false
    this.buffer = this.buffer.toSpliced(at, 0, change)
    return true
  }

  /** Removes and returns the next applicable change from the buffer. Drops duplicates. */
  takeNext(): Change | undefined {
    const { buffer } = this
    let staleCount = 0
    while (staleCount < buffer.length && (buffer[staleCount] as Change).sequence <= this.sequence) staleCount++
    const at = buffer.findIndex((each, index) => index >= staleCount && this.#isNext(each))
    if (staleCount > 0 || at >= 0) this.#setBuffer(buffer.filter((_, index) => index >= staleCount && index !== at))
    return buffer[at]
  }

  #setBuffer(changes: readonly Change[]): void {
    this.buffer = changes.length === 0 ? NO_CHANGES : changes
  }

  /** True if the change can be applied at once, which is the usual case. */
  canApply(change: Change): boolean {
    return this.settled && change.edits !== 'omitted' && change.sequence > this.sequence && this.#isNext(change)
  }

  #isNext(change: Change): boolean {
    if (change.epoch !== this.epoch) return false
    if (isCreation(change)) return true
    return this.exists && change.generation === this.generation && change.version === this.version + 1
  }

  /**
   * Applies an applicable change.
   * @throws PatchError (`SYNC_PATCH`), NotJsonError (`SYNC_NOT_JSON`) if its edits do not apply; the replica is then
   * unchanged
   */
  apply(change: Change): void {
    const { edits } = change
    const isCreate = isCreation(change)
    if (edits === 'removed') this.#clear()
    else if (edits !== 'omitted') {
      const before = isCreate ? EMPTY_DOCUMENT : (this.#value ?? EMPTY_DOCUMENT)
      const values = fieldValues(before, edits)
      if (isCreate) this.#clear()
      this.#recordVersions(edits, before)
      const { document, isExtended } = putFields(this.#ownedCopy(), edits, values)
      this.#value = document
      if (isExtended) this.#isExtended = true
    }
    this.generation = change.generation
    this.version = change.version
    this.sequence = change.sequence
    this.changedAt = change.time
  }

  #recordVersions(edits: readonly FieldEdit[], before: JsonObject): void {
    const shared = this.#versions
    const record = ({ field, version, kind }: FieldEdit): void => {
      if (kind === 'removed') this.floor = Math.max(this.floor, version)
      this.#versions = this.#table.withField(this.#versions, before, field, kind === 'removed' ? 0 : version)
    }
    // a shared version stands for all existing fields: new fields of the same version are recorded after it is expanded
    for (const edit of edits) if (edit.version !== shared) record(edit)
    for (const edit of edits) if (edit.version === shared) record(edit)
  }

  /** Returns the value as an object that no other code refers to. */
  #ownedCopy(): Record<string, Json> {
    if (this.#value !== undefined && !this.#exposed) return this.#value
    this.#exposed = false
    return { ...this.#value }
  }

  /** Replaces the state with a loaded one. */
  install({ state, document }: LoadResult, now: number): void {
    const { corrupt } = this
    const sameHistory = this.known && this.epoch === state.epoch
    this.corrupt = false
    this.known = true
    this.requiredSequence = 0
    this.epoch = state.epoch
    this.sequence = state.sequence
    if (!document) {
      this.#clear()
      return
    }
    this.expiresAt = document.expiresIn === undefined ? undefined : now + document.expiresIn
    // same commit: keeps the value's identity for its readers
    if (
      sameHistory &&
      !corrupt &&
      this.exists &&
      this.generation === document.generation &&
      this.version === document.version
    )
      return
    this.generation = document.generation
    this.version = document.version
    this.#value = freezeInOrder(JSON.parse(document.text) as Json) as Record<string, Json>
    this.#exposed = true
    this.#versions = this.#table.fromRecord(document.fieldVersions)
    this.floor = document.floor
    this.changedAt = document.changedAt
  }

  /** Records that the document does not exist as of a sequence. */
  installAbsent(epoch: string, sequence: number): void {
    this.known = true
    this.epoch = epoch
    this.sequence = sequence
    this.#clear()
  }

  #clear(): void {
    this.#value = undefined
    this.#versions = this.#table.empty
    this.floor = 0
    this.expiresAt = undefined
  }

  /** Resolves at the replica's next change of state. */
  whenChanged(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiters === NO_WAITERS) this.#waiters = [resolve]
      else this.#waiters.push(resolve)
    })
  }

  /** Resolves all `whenChanged` promises. */
  notifyWaiters(): void {
    const waiters = this.#waiters
    this.#waiters = NO_WAITERS
    for (const resolve of waiters) resolve()
  }
}
