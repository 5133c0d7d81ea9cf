import { assertNoPromise } from '../model/assert.ts'
import { isSyncError, messageOf, RejectedError } from '../model/errors.ts'
import { isJsonObject, type JsonObject } from '../model/json.ts'
import { toJson } from '../model/to-json.ts'
import { diff } from '../patch/diff.ts'
import { diffFields } from '../patch/fields.ts'
import type { ChangeEvent } from './change-events.ts'

/**
 * Converts stored documents to their current shape. Replicas keep the stored shape, because patches apply to it. Each
 * document is converted once; its next write stores the result.
 */
export class Migration {
  #migrate: ((stored: JsonObject) => unknown) | undefined
  #migrated = new WeakMap<JsonObject, JsonObject>()

  /** Without `migrate`, every document is in its current shape. */
  constructor(migrate: ((stored: JsonObject) => unknown) | undefined) {
    this.#migrate = migrate
  }

  /** Converts documents with another function from now on. */
  replaceMigrate(migrate: ((stored: JsonObject) => unknown) | undefined): void {
    if (migrate === this.#migrate) return
    this.#migrate = migrate
    this.#migrated = new WeakMap()
  }

  /** True if documents may need a conversion. */
  get isEnabled(): boolean {
    return this.#migrate !== undefined
  }

  /**
   * Returns the document in its current shape: the same object if it already has it.
   * @throws RejectedError (`SYNC_REJECTED`) if `migrate` throws or does not return a document
   */
  document(stored: JsonObject): JsonObject {
    if (!this.#migrate) return stored
    const known = this.#migrated.get(stored)
    if (known) return known
    const migrated = runMigration(this.#migrate, stored)
    this.#migrated.set(stored, migrated)
    return migrated
  }

  /**
   * Converts a change to the current shape. A `delta` stays as it was committed, because its document is not cached.
   */
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
    const returned = migrate(stored)
    assertNoPromise(returned, 'migrate')
    const migrated = toJson(returned, { known: stored })
    if (isJsonObject(migrated)) return migrated
  } catch (cause) {
    if (isSyncError(cause)) throw cause
    const message = messageOf(cause)
    throw new RejectedError(`migrate threw: ${message}`, [{ message }], { cause })
  }
  throw new RejectedError('migrate: expected a document as the result, got another value', [
    { message: 'expected an object' },
  ])
}
