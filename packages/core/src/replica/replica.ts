import { type Change, type FieldEdit, isCreation } from '../model/change.ts'
import { deepFreeze, type Json, type JsonObject, memberOf } from '../model/json.ts'
import { fieldValues, putFields } from '../patch/apply-fields.ts'
import type { LoadResult } from '../transport/store.ts'
import type { FieldTable, FieldVersions } from './field-versions.ts'
import type { ReloadReason } from './replica-event.ts'

const EMPTY_DOCUMENT: JsonObject = Object.freeze({})
/** What most replicas have of it. */
const NO_CHANGES: Change[] = []
const NO_WAITERS: (() => void)[] = []

/**
 * One instance's copy of one document: a small state machine, without any input or output of its own.
 *
 * `seen` is the section sequence as of which all else is known: nothing at or below it can be news. A document that does
 * not exist has a place too, so that a late change of it cannot bring it back.
 */
export class Replica {
  readonly key: string
  /** Anything known at all, be it absence? */
  known = false
  epoch = ''
  sequence = 0
  /** 0 until the document was seen alive; kept over its removal. */
  generation = 0
  version = 0
  /**
   * The document. Until somebody looks at it, it is nobody else's: changes are made in place, without a copy. To copy is
   * most of what a change of a large document costs, and documents change more often than they are read.
   */
  #value: Record<string, Json> | undefined = undefined
  #exposed = false
  readonly #table: FieldTable
  #versions: FieldVersions
  /** The version of every absent field. */
  floor = 0
  changedAt = 0
  /** When this copy lapses, by the instance's `elapsed`; `undefined`: never. */
  expiresAt: number | undefined = undefined
  touchedAt: number = Number.NEGATIVE_INFINITY
  /** Read again since it was last passed over by the eviction, and in which of its sweeps that was noted last. */
  recentlyRead = false
  lastReadSweep = 0
  /** Changes that do not fit yet, in the order of their sequence. */
  buffer: readonly Change[] = NO_CHANGES
  /** The load under way: its number; 0: none. */
  pendingLoad = 0
  /** The number of the last load that was answered. */
  lastLoad = 0
  /** Why it cannot be loaded, until the next attempt. */
  loadFailure: { readonly cause: unknown } | undefined = undefined
  /** Changes were thrown away while a load was under way: its answer is not enough. */
  overflowed = false
  /** It was found to hold something else than the store has at that version. */
  corrupt = false
  /** Why it is loaded again: what a watcher is told if the value differs afterwards. */
  reloadReason: ReloadReason = 'snapshot'
  #waiters = NO_WAITERS

  constructor(key: string, table: FieldTable) {
    this.key = key
    this.#table = table
    this.#versions = table.empty
  }

  /** Does the document exist, as far as is known? */
  get exists(): boolean {
    return this.#value !== undefined
  }

  /** The document, frozen: it stays as it is, whatever comes. */
  get value(): JsonObject | undefined {
    if (!this.#exposed && this.#value !== undefined) {
      Object.freeze(this.#value)
      this.#exposed = true
    }
    return this.#value
  }

  /** Does anybody wait for something about this document to move? */
  get hasWaiters(): boolean {
    return this.#waiters.length > 0
  }

  /** Known, nothing under way, nothing waiting, nothing that was in vain: what `update` may build on. */
  get settled(): boolean {
    return this.known && this.pendingLoad === 0 && this.buffer.length === 0 && this.loadFailure === undefined
  }

  /** The version of a field, of an absent one too. */
  fieldVersion(field: string): number {
    if (memberOf(this.#value, field) === undefined) return this.floor
    return this.#table.get(this.#versions, field) ?? this.floor
  }

  /** The version of each field that the document has. */
  fieldVersions(): Record<string, number> {
    return Object.fromEntries(
      Object.keys(this.#value ?? EMPTY_DOCUMENT).map((field) => [field, this.fieldVersion(field)]),
    )
  }

  /** Takes a change into the buffer. False: it is no news. */
  bufferChange(change: Change): boolean {
    if (this.known && change.epoch === this.epoch && change.sequence <= this.sequence) return false
    // mostly it is the newest; the buffer stays in order
    let at = this.buffer.length
    while (at > 0 && (this.buffer[at - 1] as Change).sequence > change.sequence) at--
    if (this.buffer[at - 1]?.sequence === change.sequence) return false
    this.buffer = this.buffer.toSpliced(at, 0, change)
    return true
  }

  /** The next buffered change that fits, taken out of the buffer; what is old news by now is dropped. */
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

  /** Can this change be applied at once, as most can? */
  canApply(change: Change): boolean {
    return this.settled && change.edits !== 'omitted' && change.sequence > this.sequence && this.#isNext(change)
  }

  #isNext(change: Change): boolean {
    if (change.epoch !== this.epoch) return false
    if (isCreation(change)) return true
    return this.exists && change.generation === this.generation && change.version === this.version + 1
  }

  /**
   * Applies a change that fits.
   * @throws PatchError, NotJsonError if its edits do not: the replica is as it was.
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
      this.#value = putFields(this.#ownedCopy(), edits, values)
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
    // one number speaks for the fields that there were: one of that number that comes now is noted once they are spelled out
    for (const edit of edits) if (edit.version !== shared) record(edit)
    for (const edit of edits) if (edit.version === shared) record(edit)
  }

  /** The document as an object that nobody else has. */
  #ownedCopy(): Record<string, Json> {
    if (this.#value !== undefined && !this.#exposed) return this.#value
    this.#exposed = false
    return { ...this.#value }
  }

  /** Puts a loaded state in place, whatever was here. */
  install({ state, document }: LoadResult, now: number): void {
    const { corrupt } = this
    const sameHistory = this.known && this.epoch === state.epoch
    this.corrupt = false
    this.known = true
    this.epoch = state.epoch
    this.sequence = state.sequence
    if (!document) {
      this.#clear()
      return
    }
    this.expiresAt = document.expiresIn === undefined ? undefined : now + document.expiresIn
    // the same commit: whoever holds the value keeps its identity
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
    this.#value = deepFreeze(JSON.parse(document.text) as Record<string, Json>)
    this.#exposed = true
    this.#versions = this.#table.fromRecord(document.fieldVersions)
    this.floor = document.floor
    this.changedAt = document.changedAt
  }

  /** Known not to exist as of a sequence. */
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

  /** Resolves when something about this document moved. */
  whenChanged(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiters === NO_WAITERS) this.#waiters = [resolve]
      else this.#waiters.push(resolve)
    })
  }

  /** Something about this document moved. */
  notifyWaiters(): void {
    const waiters = this.#waiters
    this.#waiters = NO_WAITERS
    for (const resolve of waiters) resolve()
  }
}
