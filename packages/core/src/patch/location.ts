import { PatchError, type PatchFailure } from '../model/errors.ts'
import { parsePointer } from './pointer.ts'

/** A place that an operation names, read once, and all that an error about it tells. */
export interface Location {
  /** The names and indices on the way to it. */
  readonly tokens: readonly string[]
  /** The way as a pointer, for errors. */
  readonly pointer: string
  /** Position of the operation in its patch. */
  readonly index: number
}

/**
 * Reads a pointer of operation `index`. `prefix` leads from the document to what the pointer is relative to.
 * @throws PatchError (`SYNC_PATCH`): `bad-pointer`, `forbidden-name`
 */
export function parseLocation(pointer: string, index: number, prefix: string): Location {
  return { tokens: parsePointer(pointer, index, prefix), pointer: prefix + pointer, index }
}

/** Refuses the operation that named this place. */
export function failAt(reason: PatchFailure, { index, pointer }: Location, message: string): never {
  throw new PatchError(reason, index, pointer, message)
}
