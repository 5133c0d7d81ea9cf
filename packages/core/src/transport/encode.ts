import type { Change } from '../model/change.ts'
import type { Operation } from '../model/operation.ts'
import type { LogPosition } from '../model/position.ts'
import { type EncodedChange, OPS } from './wire.ts'

/** The pieces a store joins into a change: what the writer encoded and what the store decided. */
export interface ChangeParts extends Omit<Change, 'edits'> {
  readonly edits: readonly EditParts[] | 'removed' | 'omitted'
}

/** One field of a change: its new version, and its value or inner patch as text. Neither: the field is removed. */
export interface EditParts {
  readonly field: string
  readonly version: number
  readonly whole?: string
  readonly delta?: string
}

/** Joins pieces into the change that is logged, published and answered. Texts are taken as they are. */
export function assembleChange(pieces: ChangeParts): EncodedChange {
  const { key, epoch, origin, generation, version, sequence, time, meta } = pieces
  const tail = meta === undefined ? '' : `,${JSON.stringify(meta)}`
  const text = `[${JSON.stringify(key)},${generation},${version},${sequence},${time},${assembleEdits(pieces.edits)}${tail}]`
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
 * No change, but how far a section is: sent in place of changes that are no longer to be had. Who has not seen all up to there
 * asks the store. To be published to a section, not to a document.
 */
export const headMarker = ({ epoch, sequence }: LogPosition, origin: string): EncodedChange => ({
  key: '',
  epoch,
  origin,
  sequence,
  text: `[null,${sequence}]`,
})

/** Encodes an inner patch, paths relative to the field's value. */
export const encodeOps = (ops: readonly Operation[]): string =>
  JSON.stringify(
    ops.map(({ op, path, from, value }) => {
      const code = OPS.indexOf(op)
      if (op === 'remove') return [code, path]
      return op === 'move' || op === 'copy' ? [code, path, from] : [code, path, value]
    }),
  )
