import type { Json } from '../model/json.ts'
import type { Operation } from '../model/operation.ts'
import { applyOperation } from './apply-operation.ts'
import { CopyOnWrite } from './copy-on-write.ts'

/**
 * Applies a JSON Patch (RFC 6902), all or none of it. Returns the patched document; the input stays unchanged.
 *
 * Both documents share the parts that no operation touches. New parts are deeply frozen and share nothing with the
 * operations.
 *
 * @throws PatchError (`SYNC_PATCH`) with the reason, the operation's index and the path
 * @throws NotJsonError (`SYNC_NOT_JSON`) if an operation's value is not JSON
 */
export function apply(document: Json, operations: readonly Operation[]): Json {
  if (operations.length === 0) return document
  const patched = new CopyOnWrite(document)
  for (let i = 0; i < operations.length; i++) applyOperation(patched, operations[i] as Operation, i)
  return patched.finish()
}
