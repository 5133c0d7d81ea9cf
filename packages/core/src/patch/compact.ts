import { PatchError, SyncError } from '../model/errors.ts'
import type { Operation } from '../model/operation.ts'
import { Compaction } from './compaction.ts'

/**
 * A patch of fewer and smaller operations that does the same: meant for several patches of one document in a row, put
 * together. Where `operations` apply, the result applies and gives an equal document; it never takes more bytes.
 *
 * What is written again later is dropped, changes inside a value that the patch itself brings are made in that value,
 * and removing and adding become replacing. Every `test` stays, with all that it may look at. Whether a number in a path
 * is an index or a name is not known here, so only what holds for both is done. A patch that applies to no document
 * comes back as it is.
 *
 * @throws PatchError (`SYNC_PATCH`): `bad-operation`, `bad-pointer`, `forbidden-name`
 */
export function compact(operations: readonly Operation[]): Operation[] {
  const compaction = new Compaction()
  try {
    for (let i = 0; i < operations.length; i++) compaction.add(operations[i] as Operation, i)
    return compaction.finish()
  } catch (error) {
    if (isMalformed(error) || !(error instanceof SyncError)) throw error
    return [...operations]
  }
}

function isMalformed(error: unknown): boolean {
  return (
    error instanceof PatchError &&
    (error.reason === 'bad-operation' || error.reason === 'bad-pointer' || error.reason === 'forbidden-name')
  )
}
