import type { Change } from '../model/change.ts'
import type { Operation } from '../model/operation.ts'
import type { LogPosition } from '../model/position.ts'
import { type EncodedChange, OPS } from './wire.ts'

/** Parts of a change before its assembly: the writer's encoded fields and the counters that the store assigned. */
export interface ChangeParts extends Omit<Change, 'edits'> {
  readonly edits: readonly EditParts[] | 'removed' | 'omitted'
}

/** Parts of one field edit: the new version, and the value or delta as text. Without either, the field is removed. */
export interface EditParts {
  readonly field: string
  /** Version of the field after the commit. */
  readonly version: number
  /** New value as JSON text. */
  readonly whole?: string
  /** Delta as text, see {@link encodeOps}. Takes precedence over `whole`. */
  readonly delta?: string
}

/** Assembles the change that is logged, published and returned to the writer. Texts are inserted unchanged. */
export function assembleChange(parts: ChangeParts): EncodedChange {
  const { key, epoch, origin, generation, version, sequence, time, meta } = parts
  const tail = meta === undefined ? '' : `,${JSON.stringify(meta)}`
  const text = `[${JSON.stringify(key)},${generation},${version},${sequence},${time},${assembleEdits(parts.edits)}${tail}]`
  return { key, epoch, origin, sequence, text }
}

function assembleEdits(edits: ChangeParts['edits']): string {
  if (edits === 'removed') return 'null'
  if (edits === 'omitted') return '0'
  return `[${edits.map(assembleEdit).join(',')}]`
}

function assembleEdit({ field, version, whole, delta }: EditParts): string {
  const head = `[${JSON.stringify(field)},${version}`
  if (delta !== undefined) return `${head},1,${delta}]`
  return whole === undefined ? `${head}]` : `${head},0,${whole}]`
}

/**
 * Returns a head marker: the section's head in place of changes that are no longer available. A receiver that has not
 * reached that sequence reads the missing changes from the store. Published to a section's scope, never to a
 * document's.
 */
export const headMarker = ({ epoch, sequence }: LogPosition, origin: string): EncodedChange => ({
  key: '',
  epoch,
  origin,
  sequence,
  text: `[null,${sequence}]`,
})

/** Encodes a delta. Its paths are relative to the field's value. */
export const encodeOps = (ops: readonly Operation[]): string =>
  JSON.stringify(
    ops.map(({ op, path, from, value }) => {
      const code = OPS.indexOf(op)
      if (op === 'remove') return [code, path]
      return op === 'move' || op === 'copy' ? [code, path, from] : [code, path, value]
    }),
  )
