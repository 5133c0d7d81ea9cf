import { type Change, type FieldEdit, isBirth } from '../model/change.ts'
import { deepFreeze, type Json, type JsonObject, memberOf } from '../model/json.ts'
import { fieldValues, putFields } from '../patch/apply-fields.ts'
import type { Loaded } from '../transport/store.ts'
import type { FieldTable, FieldVersions } from './field-versions.ts'
import type { JumpReason } from './observation.ts'

const NOTHING: JsonObject = Object.freeze({})
/** What most replicas have of it. */
const NO_CHANGES: Change[] = []
const NOBODY: (() => void)[] = []

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
  seen = 0
  /** 0 until the document was seen alive; kept over its removal. */
  generation = 0
  version = 0
  /**
   * The document. Until somebody looks at it, it is nobody else's: changes are made in place, without a copy. To copy is
   * most of what a change of a large document costs, and documents change more often than they are read.
   */
  #value: Record<string, Json> | undefined = undefined
  #looked = false
  readonly #table: FieldTable
  #versions: FieldVersions
  /** The version of every absent field. */
  floor = 0
  changedAt = 0
  /** When this copy lapses, by the instance's `elapsed`; `undefined`: never. */
  lapsesAt: number | undefined = undefined
  touchedAt: number = Number.NEGATIVE_INFINITY
  /** Read again since it was last passed over by the eviction, and in which of its sweeps that was noted last. */
  read = false
  readIn = 0
  /** Changes that do not fit yet, in the order of their sequence. */
  buffer: readonly Change[] = NO_CHANGES
  /** The load under way: its number; 0: none. */
  load = 0
  /** The number of the last load that was answered. */
  loaded = 0
  /** Why it cannot be loaded, until the next attempt. */
  failed: { readonly cause: unknown } | undefined = undefined
  /** Changes were thrown away while a load was under way: its answer is not enough. */
  overflowed = false
  /** It was found to hold something else than the store has at that version. */
  refuted = false
  /** Why it is loaded again: what a watcher is told if the value differs afterwards. */
  reason: JumpReason = 'snapshot'
  #waiting = NOBODY

  constructor(key: string, table: FieldTable) {
    this.key = key
    this.#table = table
    this.#versions = table.none
  }

  /** Does the document exist, as far as is known? */
  get exists(): boolean {
    return this.#value !== undefined
  }

  /** The document, frozen: it stays as it is, whatever comes. */
  get value(): JsonObject | undefined {
    if (!this.#looked && this.#value !== undefined) {
      Object.freeze(this.#value)
      this.#looked = true
    }
    return this.#value
  }

  /** Does anybody wait for something about this document to move? */
  get awaited(): boolean {
    return this.#waiting.length > 0
  }

  /** Known, nothing under way, nothing waiting, nothing that was in vain: what `update` may build on. */
  get settled(): boolean {
    return this.known && this.load === 0 && this.buffer.length === 0 && this.failed === undefined
  }

  /** The version of a field, of an absent one too. */
  fieldVersion(field: string): number {
    if (memberOf(this.#value, field) === undefined) return this.floor
    return this.#table.get(this.#versions, field) ?? this.floor
  }

  /** The version of each field that the document has. */
  fieldVersions(): Record<string, number> {
    return Object.fromEntries(Object.keys(this.#value ?? NOTHING).map((field) => [field, this.fieldVersion(field)]))
  }

  /** Takes a change into the buffer. False: it is no news. */
  offer(change: Change): boolean {
    if (this.known && change.epoch === this.epoch && change.sequence <= this.seen) return false
    // mostly it is the newest; the buffer stays in order
    let at = this.buffer.length
    while (at > 0 && (this.buffer[at - 1] as Change).sequence > change.sequence) at--
    if (this.buffer[at - 1]?.sequence === change.sequence) return false
    this.buffer = this.buffer.toSpliced(at, 0, change)
    return true
  }

  /** The next buffered change that fits, taken out of the buffer; what is old news by now is dropped. */
  take(): Change | undefined {
    const { buffer } = this
    let old = 0
    while (old < buffer.length && (buffer[old] as Change).sequence <= this.seen) old++
    const at = buffer.findIndex((each, index) => index >= old && this.#isNext(each))
    if (old > 0 || at >= 0) this.#keep(buffer.filter((_, index) => index >= old && index !== at))
    return buffer[at]
  }

  #keep(changes: readonly Change[]): void {
    this.buffer = changes.length === 0 ? NO_CHANGES : changes
  }

  /** Can this change be applied at once, as most can? */
  takesNow(change: Change): boolean {
    return this.settled && change.edits !== 'omitted' && change.sequence > this.seen && this.#isNext(change)
  }

  #isNext(change: Change): boolean {
    if (change.epoch !== this.epoch) return false
    if (isBirth(change)) return true
    return this.exists && change.generation === this.generation && change.version === this.version + 1
  }

  /**
   * Applies a change that fits.
   * @throws PatchError, NotJsonError if its edits do not: the replica is as it was.
   */
  apply(change: Change): void {
    const { edits } = change
    const birth = isBirth(change)
    if (edits === 'removed') this.#clear()
    else if (edits !== 'omitted') {
      const before = birth ? NOTHING : (this.#value ?? NOTHING)
      const values = fieldValues(before, edits)
      if (birth) this.#clear()
      this.#noteVersions(edits, before)
      this.#value = putFields(this.#own(), edits, values)
    }
    this.generation = change.generation
    this.version = change.version
    this.seen = change.sequence
    this.changedAt = change.time
  }

  #noteVersions(edits: readonly FieldEdit[], before: JsonObject): void {
    const spoken = this.#versions
    const note = ({ field, version, kind }: FieldEdit): void => {
      if (kind === 'removed') this.floor = Math.max(this.floor, version)
      this.#versions = this.#table.with(this.#versions, before, field, kind === 'removed' ? 0 : version)
    }
    // one number speaks for the fields that there were: one of that number that comes now is noted once they are spelled out
    for (const edit of edits) if (edit.version !== spoken) note(edit)
    for (const edit of edits) if (edit.version === spoken) note(edit)
  }

  /** The document as an object that nobody else has. */
  #own(): Record<string, Json> {
    if (this.#value !== undefined && !this.#looked) return this.#value
    this.#looked = false
    return { ...this.#value }
  }

  /** Puts a loaded state in place, whatever was here. */
  install({ standing, document }: Loaded, now: number): void {
    const { refuted } = this
    const sameHistory = this.known && this.epoch === standing.epoch
    this.refuted = false
    this.known = true
    this.epoch = standing.epoch
    this.seen = standing.sequence
    if (!document) {
      this.#clear()
      return
    }
    this.lapsesAt = document.expiresIn === undefined ? undefined : now + document.expiresIn
    // the same commit: whoever holds the value keeps its identity
    if (
      sameHistory &&
      !refuted &&
      this.exists &&
      this.generation === document.generation &&
      this.version === document.version
    )
      return
    this.generation = document.generation
    this.version = document.version
    this.#value = deepFreeze(JSON.parse(document.text) as Record<string, Json>)
    this.#looked = true
    this.#versions = this.#table.of(document.fieldVersions)
    this.floor = document.floor
    this.changedAt = document.changedAt
  }

  /** Known not to exist as of a sequence. */
  installAbsent(epoch: string, sequence: number): void {
    this.known = true
    this.epoch = epoch
    this.seen = sequence
    this.#clear()
  }

  #clear(): void {
    this.#value = undefined
    this.#versions = this.#table.none
    this.floor = 0
    this.lapsesAt = undefined
  }

  /** Resolves when something about this document moved. */
  moved(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiting === NOBODY) this.#waiting = [resolve]
      else this.#waiting.push(resolve)
    })
  }

  /** Something about this document moved. */
  wake(): void {
    const waiting = this.#waiting
    this.#waiting = NOBODY
    for (const go of waiting) go()
  }
}
