/*
 * The wire, version 1: UTF-8 JSON, positional.
 *
 *   frame   [1, epoch, origin, [change, …]]
 *   change  [key, generation, version, sequence, time, edits, meta?]
 *           [null, sequence]: head marker: the section's latest sequence; receivers read missing changes from the store
 *   edits   [edit, …] | null: the document was deleted | 0: omitted, load the document
 *   edit    [field, version, 0, value] | [field, version, 1, [op, …]] | [field, version]: removed
 *   op      [0 add, path, value] [1 remove, path] [2 replace, path, value] [3 move, path, from] [4 copy, path, from] [5 test, path, value]
 *
 * Paths are JSON pointers inside the field's value. Readers ignore further members at the end of any array. The
 * first member is the major version: readers reject frames with a higher one. Partition and section travel in the channel,
 * subject or topic. A frame is immutable once sent: a retry sends the same bytes.
 */

/** Major version of the wire format that this release writes, and the highest that it reads. */
export const WIRE_VERSION = 1

/** JSON Patch operations. The wire contains an operation's index in this list. */
export const OPS = ['add', 'remove', 'replace', 'move', 'copy', 'test'] as const

/** One committed change as wire text, with the members that framing and routing need. */
export interface EncodedChange {
  readonly key: string
  readonly epoch: string
  readonly origin: string
  readonly sequence: number
  /** The change in wire format. */
  readonly text: string
}
