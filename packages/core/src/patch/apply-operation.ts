import { PatchError } from '../model/errors.ts'
import { type Json, jsonEqual } from '../model/json.ts'
import type { Operation } from '../model/operation.ts'
import { toJson } from '../model/to-json.ts'
import type { CopyOnWrite } from './copy-on-write.ts'
import { failAt, type Location, parseLocation } from './location.ts'

/**
 * Performs one operation (RFC 6902, section 4). On an error the document is to be thrown away: it may be half changed.
 *
 * @param index position of the operation in its patch
 * @param prefix pointer to the value that the operation's pointers are relative to; for errors
 * @throws PatchError (`SYNC_PATCH`), NotJsonError (`SYNC_NOT_JSON`) for the operation's value
 */
export function applyOperation(document: CopyOnWrite, operation: Operation, index: number, prefix = ''): void {
  if (typeof operation?.path !== 'string') throw new PatchError('bad-operation', index, prefix, 'no path')
  const at = parseLocation(operation.path, index, prefix)
  switch (operation.op) {
    case 'add':
      document.add(at, operationValue(operation, at))
      break
    case 'replace':
      document.replace(at, operationValue(operation, at))
      break
    case 'remove':
      document.remove(at)
      break
    case 'move':
      move(document, sourceLocation(operation, at, prefix), at)
      break
    case 'copy':
      document.add(at, document.share(document.get(sourceLocation(operation, at, prefix))))
      break
    case 'test':
      if (!jsonEqual(document.get(at), operationValue(operation, at)))
        failAt('test-failed', at, 'another value stands there')
      break
    default:
      failAt('bad-operation', at, `no such operation: ${JSON.stringify((operation as { op: unknown }).op)}`)
  }
}

function move(document: CopyOnWrite, from: Location, at: Location): void {
  // The comparison ends with a slash: /ab is no part of /a.
  if (at.pointer.startsWith(`${from.pointer}/`)) failAt('bad-operation', at, 'a value cannot move into itself')
  if (from.pointer === at.pointer) document.get(at)
  else document.add(at, document.remove(from))
}

/** The operation's value as frozen JSON of our own: whoever sent the patch may go on using its objects. */
function operationValue({ value }: Operation, at: Location): Json {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value
  if (value === undefined) return failAt('bad-operation', at, 'no value')
  return toJson(value, { at: at.pointer })
}

function sourceLocation({ from }: Operation, at: Location, prefix: string): Location {
  return typeof from === 'string' ? parseLocation(from, at.index, prefix) : failAt('bad-operation', at, 'no from')
}
