import { PatchError } from '../model/errors.ts'
import { type Json, jsonEqual } from '../model/json.ts'
import type { Operation } from '../model/operation.ts'
import { toJson } from '../model/to-json.ts'
import type { CopyOnWrite } from './copy-on-write.ts'
import { failAt, type Location, parseLocation } from './location.ts'

/**
 * Applies one operation (RFC 6902, section 4). After an error the document must be discarded, because it may be half
 * changed.
 *
 * @param index index of the operation in its patch, for errors
 * @param prefix pointer to the value that the operation's pointers are relative to, for errors
 * @throws PatchError (`SYNC_PATCH`) if the operation does not apply
 * @throws NotJsonError (`SYNC_NOT_JSON`) if the operation's value is not JSON
 */
export function applyOperation(document: CopyOnWrite, operation: Operation, index: number, prefix = ''): void {
  if (typeof operation?.path !== 'string')
    throw new PatchError('bad-operation', index, prefix, 'expected a path, got none')
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
      document.copy(sourceLocation(operation, at, prefix), at)
      break
    case 'test':
      if (!jsonEqual(document.get(at), operationValue(operation, at)))
        failAt('test-failed', at, 'the value differs from the expected one')
      break
    default:
      failAt(
        'bad-operation',
        at,
        `expected an operation of RFC 6902, got ${JSON.stringify((operation as { op: unknown }).op)}`,
      )
  }
}

function move(document: CopyOnWrite, from: Location, at: Location): void {
  // The comparison includes the slash, because /ab is not inside /a.
  if (at.pointer.startsWith(`${from.pointer}/`))
    failAt('bad-operation', at, 'expected a target outside the moved value, got a path inside it')
  if (from.pointer === at.pointer) document.get(at)
  else document.add(at, document.remove(from))
}

/** Returns the operation's value as frozen JSON. It is a copy, because the caller may modify its own objects later. */
function operationValue({ value }: Operation, at: Location): Json {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value
  if (value === undefined) return failAt('bad-operation', at, 'expected a value, got none')
  return toJson(value, { at: at.pointer })
}

function sourceLocation({ from }: Operation, at: Location, prefix: string): Location {
  return typeof from === 'string'
    ? parseLocation(from, at.index, prefix)
    : failAt('bad-operation', at, 'expected a from path, got none')
}
