import type { Collection, Sync } from '@sync/core'
import { type Unit, type UnitField, type UnitValue, unitsPlace } from './units.ts'

/** A field of a unit, and who is at it. */
export interface Edit {
  readonly key: string
  readonly field: UnitField
  readonly value: UnitValue
  readonly actor: string
}

/** One field as an instance holds it. */
export interface Standing {
  readonly value: UnitValue | null
  readonly fieldVersion: number
  /** Of the document. */
  readonly version: number
}

/** A conflict that a write met. */
interface Met {
  readonly reason: string
  /** The document's version that the write took for granted, and that which it found. */
  readonly expected: number
  readonly found: number
  /** The field as it was found. */
  readonly remote: UnitValue | null
}

/** What became of an edit. */
export interface Edited {
  /** As it was held here when the write began. */
  readonly before: Standing
  /** The document's version that holds it. */
  readonly version: number
  /** False: merged with what was found, there was nothing left to write. */
  readonly changed: boolean
  readonly conflicts: readonly Met[]
}

/** What became of a conditional edit. */
export type Tried = { readonly ok: true; readonly fieldVersion: number } | ({ readonly ok: false } & Standing)

/** One instance's hand on the units. */
export interface Editor {
  standing(key: string, field: UnitField): Promise<Standing>
  /** Writes one field; a concurrent write to it is merged by the field's strategy. */
  edit(edit: Edit): Promise<Edited>
  /** Writes one field only if it still stands at `expectedVersion`. */
  tryEdit(edit: Edit & { readonly expectedVersion: number }): Promise<Tried>
}

/** `instance` is noted with each change, beside the actor. */
export function createEditor(sync: Sync, held: Collection<Unit>, instance: string): Editor {
  const metaOf = (actor: string): Readonly<Record<string, string>> => ({ actor, instance })
  const standing = async (key: string, field: UnitField): Promise<Standing> => {
    const { value, version = 0, fieldVersions } = (await held.entry(key)) ?? {}
    return { value: value?.[field] ?? null, fieldVersion: fieldVersions?.[field] ?? 0, version }
  }
  return {
    standing,
    async edit({ key, field, value, actor }) {
      const before = await standing(key, field)
      const conflicts: Met[] = []
      const stop = sync.onEvent((event) => {
        if (event.type !== 'conflict' || event.section !== unitsPlace.section || event.key !== key) return
        const { reason, baseVersion: expected, remoteVersion: found, remote } = event
        conflicts.push({ reason, expected, found, remote: (remote?.[field] as UnitValue | undefined) ?? null })
      })
      try {
        const { version, changed } = await held.set(key, { [field]: value }, { meta: metaOf(actor), timeout: '10s' })
        return { before, version, changed, conflicts }
      } finally {
        stop()
      }
    },
    async tryEdit({ key, field, value, actor, expectedVersion }) {
      const options = { expectedVersion, meta: metaOf(actor), timeout: '10s' } as const
      const tried = await held.trySet(key, field, value, options)
      if (tried.ok) return tried
      return { ok: false, ...(await standing(key, field)) }
    },
  }
}
