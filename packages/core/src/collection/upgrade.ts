import { RefusedError, SyncError } from '../model/errors.ts'
import { isJsonObject, type JsonObject } from '../model/json.ts'
import { toJson } from '../model/to-json.ts'
import { diff } from '../patch/diff.ts'
import { diffFields } from '../patch/fields.ts'
import type { Told } from './tell.ts'

/**
 * Shows stored documents in today's shape. Replicas hold what is stored, for that is what patches fit; what is shown is
 * derived from it once, and stored with the document's next write.
 */
export class Upgrade {
  readonly #upgrade: ((stored: JsonObject) => unknown) | undefined
  readonly #shown = new WeakMap<JsonObject, JsonObject>()

  /** Without an `upgrade` every document is in today's shape. */
  constructor(upgrade: ((stored: JsonObject) => unknown) | undefined) {
    this.#upgrade = upgrade
  }

  /** Is there anything to do? */
  get upgrades(): boolean {
    return this.#upgrade !== undefined
  }

  /**
   * The document in today's shape: itself, if it has that already.
   * @throws RefusedError (`SYNC_REFUSED`) if the upgrade throws or gives no document
   */
  of(stored: JsonObject): JsonObject {
    if (!this.#upgrade) return stored
    const known = this.#shown.get(stored)
    if (known) return known
    const shown = run(this.#upgrade, stored)
    this.#shown.set(stored, shown)
    return shown
  }

  /** A change between documents in today's shape. That of a document that is not held stays as it was committed. */
  told(change: Told): Told {
    if (!this.#upgrade || change.kind === 'removed' || change.kind === 'delta') return change
    const value = this.of(change.value)
    if (change.kind !== 'changed') return value === change.value ? change : { ...change, value }
    const previous = this.of(change.previous)
    if (value === change.value && previous === change.previous) return change
    const fields = diffFields(previous, value).map(({ field }) => field)
    return { ...change, value, previous, fields, patch: diff(previous, value) }
  }
}

function run(upgrade: (stored: JsonObject) => unknown, stored: JsonObject): JsonObject {
  try {
    const upgraded = toJson(upgrade(stored), { known: stored })
    if (isJsonObject(upgraded)) return upgraded
  } catch (cause) {
    if (cause instanceof SyncError) throw cause
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new RefusedError(`the upgrade refused: ${message}`, [{ message }], { cause })
  }
  throw new RefusedError('the upgrade gave no document', [{ message: 'an object is needed' }])
}
