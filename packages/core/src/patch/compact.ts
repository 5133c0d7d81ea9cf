import { isSyncError, PatchError } from '../model/errors.ts'
import type { Operation } from '../model/operation.ts'
import { Compaction } from './compaction.ts'

/**
 * Returns an equivalent patch with fewer and smaller operations, for consecutive patches of one document that were
 * concatenated. Wherever `operations` apply, the result applies and gives an equal document. It never has more bytes.
 *
 * - A value that is overwritten later is dropped.
 * - Changes inside a value that the patch itself adds are made in that value.
 * - A removal followed by an addition becomes a replacement.
 * - Every `test` stays, with all operations that it may depend on.
 *
 * A number in a path may be an index or a name, so only rewrites valid for both are made. A patch that applies to no
 * document is returned unchanged.
 *
 * @throws PatchError (`SYNC_PATCH`): `bad-operation`, `bad-pointer`, `forbidden-name`
 */
export function compact(operations: readonly Operation[]): Operation[] {
  const compaction = new Compaction()
  try {
    for (let i = 0; i < operations.length; i++) compaction.add(operations[i] as Operation, i)
    return compaction.finish()
  } catch (error) {
    if (isMalformed(error) || !isSyncError(error)) throw error
    return [...operations]
  }
}

function isMalformed(error: unknown): boolean {
  return (
    error instanceof PatchError &&
    (error.reason === 'bad-operation' || error.reason === 'bad-pointer' || error.reason === 'forbidden-name')
  )
}
