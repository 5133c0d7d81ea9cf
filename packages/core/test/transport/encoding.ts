import type { Change, FieldEdit } from '../../src/model/change.ts'
import { assembleChange, type EditParts, encodeOps } from '../../src/transport/encode.ts'
import type { EncodedChange } from '../../src/transport/wire.ts'

/** Encodes a change as writer and store do together: each value and inner patch separately, then joined. */
export const encode = (change: Change): EncodedChange => {
  const { edits } = change
  return assembleChange({ ...change, edits: typeof edits === 'string' ? edits : edits.map(partsOf) })
}

function partsOf(edit: FieldEdit): EditParts {
  const { field, version } = edit
  if (edit.kind === 'whole') return { field, version, whole: JSON.stringify(edit.value) }
  return edit.kind === 'delta' ? { field, version, delta: encodeOps(edit.ops) } : { field, version }
}
