import { RejectedError, SyncError } from '../model/errors.ts'
import { isJsonObject, type JsonObject } from '../model/json.ts'
import { toJson } from '../model/to-json.ts'
import { diff } from '../patch/diff.ts'
import { diffFields } from '../patch/fields.ts'
import type { ChangeEvent } from './change-events.ts'

/**
 * Shows stored documents in today's shape. Replicas hold what is stored, for that is what patches fit; what is shown is
 * derived from it once, and stored with the document's next write.
 */
export class Migration {
  readonly #migrate: ((stored: JsonObject) => unknown) | undefined
  readonly #migrated = new WeakMap<JsonObject, JsonObject>()

  /** Without an `upgrade` every document is in today's shape. */
  constructor(migrate: ((stored: JsonObject) => unknown) | undefined) {
    this.#migrate = migrate
  }

  /** Is there anything to do? */
  get isEnabled(): boolean {
    return this.#migrate !== undefined
  }

  /**
   * The document in today's shape: itself, if it has that already.
   * @throws RejectedError (`SYNC_REJECTED`) if the upgrade throws or gives no document
   */
  document(stored: JsonObject): JsonObject {
    if (!this.#migrate) return stored
    const known = this.#migrated.get(stored)
    if (known) return known
    const migrated = runMigration(this.#migrate, stored)
    this.#migrated.set(stored, migrated)
    return migrated
  }

  /** A change between documents in today's shape. That of a document that is not held stays as it was committed. */
  change(change: ChangeEvent): ChangeEvent {
    if (!this.#migrate || change.kind === 'removed' || change.kind === 'delta') return change
    const value = this.document(change.value)
    if (change.kind !== 'changed') return value === change.value ? change : { ...change, value }
    const previous = this.document(change.previous)
    if (value === change.value && previous === change.previous) return change
    const fields = diffFields(previous, value).map(({ field }) => field)
    return { ...change, value, previous, fields, patch: diff(previous, value) }
  }
}

function runMigration(migrate: (stored: JsonObject) => unknown, stored: JsonObject): JsonObject {
  try {
    const migrated = toJson(migrate(stored), { known: stored })
    if (isJsonObject(migrated)) return migrated
  } catch (cause) {
    if (cause instanceof SyncError) throw cause
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new RejectedError(`the upgrade refused: ${message}`, [{ message }], { cause })
  }
  throw new RejectedError('the upgrade gave no document', [{ message: 'an object is needed' }])
}
