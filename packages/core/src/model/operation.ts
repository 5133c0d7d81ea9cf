/** One operation of a JSON Patch (RFC 6902, section 4). Paths are JSON pointers (RFC 6901). */
export interface Operation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test'
  readonly path: string
  /** Where `move` and `copy` take the value from. */
  readonly from?: string
  /** What `add`, `replace` and `test` bring. */
  readonly value?: unknown
}
