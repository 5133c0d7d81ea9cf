/** One JSON Patch operation (RFC 6902, section 4). Paths are JSON pointers (RFC 6901). */
export interface Operation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test'
  readonly path: string
  /** Source path of `move` and `copy`. */
  readonly from?: string
  /** Value of `add`, `replace` and `test`. */
  readonly value?: unknown
}
