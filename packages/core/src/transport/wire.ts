/*
 * The wire, version 1: UTF-8 JSON, positional.
 *
 *   frame   [1, epoch, origin, [change, …]]
 *   change  [key, generation, version, sequence, time, edits, meta?]
 *           [null, sequence]: no change, but how far the section is; what did not come before has to be asked for
 *   edits   [edit, …] | null: the document is gone | 0: left out, load it
 *   edit    [field, version, 0, value] | [field, version, 1, [op, …]] | [field, version]: removed
 *   op      [0 add, path, value] [1 remove, path] [2 replace, path, value] [3 move, path, from] [4 copy, path, from] [5 test, path, value]
 *
 * Paths are JSON pointers inside the field's value. Further members at the end of any array are ignored by those who do not
 * know them. The first member is the major version: a higher one is refused whole. Partition and section travel in the
 * channel, subject or topic. Once sent a frame is immutable: its retry is the same bytes.
 */

/** The major version of the wire that this release writes, and the highest that it reads. */
export const WIRE_VERSION = 1

/** The operations of a JSON Patch; the wire has their place in this list. */
export const OPS = ['add', 'remove', 'replace', 'move', 'copy', 'test'] as const

/** One committed change as text, with what framing and routing need of it. */
export interface EncodedChange {
  readonly key: string
  readonly epoch: string
  readonly origin: string
  readonly sequence: number
  /** The change as the wire has it. */
  readonly text: string
}
