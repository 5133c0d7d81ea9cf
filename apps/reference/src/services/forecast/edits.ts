import type { Collection, SyncInstance } from '@sync/core'
import { type Unit, type UnitField, type UnitValue, unitsSection } from './units.ts'

/** A field of a unit, and who is at it. */
export interface Edit {
  readonly key: string
  readonly field: UnitField
  readonly value: UnitValue
  readonly actor: string
}

/** One field as an instance holds it. */
export interface FieldState {
  readonly value: UnitValue | null
  readonly fieldVersion: number
  /** Of the document. */
  readonly version: number
}

/** A conflict that a write met. */
interface FoundConflict {
  readonly reason: string
  /** The document's version that the write took for granted, and that which it found. */
  readonly expected: number
  readonly found: number
  /** The field as it was found. */
  readonly remote: UnitValue | null
}

/** What became of an edit. */
export interface EditResult {
  /** As it was held here when the write began. */
  readonly before: FieldState
  /** The document's version that holds it. */
  readonly version: number
  /** False: merged with what was found, there was nothing left to write. */
  readonly changed: boolean
  readonly conflicts: readonly FoundConflict[]
}

/** What became of a conditional edit. */
export type ConditionalEditResult =
  | { readonly ok: true; readonly fieldVersion: number }
  | ({ readonly ok: false } & FieldState)

/** One instance's hand on the units. */
export interface Editor {
  fieldState(key: string, field: UnitField): Promise<FieldState>
  /** Writes one field; a concurrent write to it is merged by the field's strategy. */
  edit(edit: Edit): Promise<EditResult>
  /** Writes one field only if it still stands at `expectedVersion`. */
  tryEdit(edit: Edit & { readonly expectedVersion: number }): Promise<ConditionalEditResult>
}

/** `instance` is noted with each change, beside the actor. */
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
    async tryEdit({ key, field, value, actor, expectedVersion }) {
      const options = { expectedVersion, meta: metaOf(actor), timeout: '10s' } as const
      const tried = await collection.compareAndSet(key, field, value, options)
      if (tried.ok) return tried
      return { ok: false, ...(await fieldState(key, field)) }
    },
  }
}
