import type { Collection, SyncInstance } from '@sync/core'
import { type Unit, type UnitField, type UnitValue, unitsSection } from './units.ts'

/** A write to one field of a unit, with its author. */
export interface Edit {
  readonly key: string
  readonly field: UnitField
  readonly value: UnitValue
  readonly actor: string
}

/** State of one field on an instance. */
export interface FieldState {
  readonly value: UnitValue | null
  readonly fieldVersion: number
  /** Version of the document. */
  readonly version: number
}

/** A conflict of a write. */
interface FoundConflict {
  readonly reason: string
  /** Document version that the write required. */
  readonly expected: number
  /** Current document version. */
  readonly found: number
  /** Current value of the field. */
  readonly remote: UnitValue | null
}

/** Result of an edit. */
export interface EditResult {
  /** The field on this instance before the write. */
  readonly before: FieldState
  /** Version of the document after the edit. */
  readonly version: number
  /** False if merging the value with the current one left nothing to write. */
  readonly changed: boolean
  readonly conflicts: readonly FoundConflict[]
}

/** Result of a compare-and-set; the current state if its precondition did not hold. */
export type ConditionalEditResult =
  | { readonly ok: true; readonly fieldVersion: number }
  | ({ readonly ok: false } & FieldState)

/** Reads and writes units through one instance. */
export interface Editor {
  fieldState(key: string, field: UnitField): Promise<FieldState>
  /** Writes one field. Concurrent writes to it are merged by the field's strategy. */
  edit(edit: Edit): Promise<EditResult>
  /** Writes one field only if it is still at `expectedVersion`. */
  compareAndSet(edit: Edit & { readonly expectedVersion: number }): Promise<ConditionalEditResult>
}

/** Creates an editor. Each change's `meta` contains the author and `instance`. */
export function createEditor(sync: SyncInstance, collection: Collection<Unit>, instance: string): Editor {
  const metaOf = (actor: string): Readonly<Record<string, string>> => ({ actor, instance })
  const fieldState = async (key: string, field: UnitField): Promise<FieldState> => {
    const { value, version = 0, fieldVersions } = (await collection.getEntry(key)) ?? {}
    return { value: value?.[field] ?? null, fieldVersion: fieldVersions?.[field] ?? 0, version }
  }
  return {
    fieldState,
    async edit({ key, field, value, actor }) {
      const before = await fieldState(key, field)
      const conflicts: FoundConflict[] = []
      const unsubscribe = sync.onEvent((event) => {
        if (event.type !== 'conflict' || event.section !== unitsSection.section || event.key !== key) return
        const { reason, baseVersion: expected, remoteVersion: found, remote } = event
        conflicts.push({ reason, expected, found, remote: (remote?.[field] as UnitValue | undefined) ?? null })
      })
      try {
        const { version, changed } = await collection.assign(
          key,
          { [field]: value },
          { meta: metaOf(actor), timeout: '10s' },
        )
        return { before, version, changed, conflicts }
      } finally {
        unsubscribe()
      }
    },
    async compareAndSet({ key, field, value, actor, expectedVersion }) {
      const options = { expectedVersion, meta: metaOf(actor), timeout: '10s' } as const
      const result = await collection.compareAndSet(key, field, value, options)
      if (result.ok) return result
      return { ok: false, ...(await fieldState(key, field)) }
    },
  }
}
