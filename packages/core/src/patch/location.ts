import { PatchError, type PatchFailure } from '../model/errors.ts'
import { parsePointer } from './pointer.ts'

/** Parsed path of an operation, with the details that errors need. */
export interface Location {
  /** Names and indices on the path. */
  readonly tokens: readonly string[]
  /** The path as a JSON pointer, for errors. */
  readonly pointer: string
  /** Index of the operation in its patch. */
  readonly index: number
}

/** Parses a pointer of operation `index`. `prefix` is the pointer to the value that the pointer is relative to. */
export function parseLocation(pointer: string, index: number, prefix: string): Location {
  return { tokens: parsePointer(pointer, index, prefix), pointer: prefix + pointer, index }
}

/** Throws a `PatchError` for the operation at this location. */
export function failAt(reason: PatchFailure, { index, pointer }: Location, message: string): never {
  throw new PatchError(reason, index, pointer, message)
}
