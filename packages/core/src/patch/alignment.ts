/** Which elements of an array are continued by which of another, by position. */
export interface Alignment {
  /** Per wanted element: the base element that it continues in its place, order kept; -1 if none. */
  readonly pairOf: Int32Array
  /** Per wanted element without a pair: the base element that moves there; -1 if none. */
  readonly sourceOf: Int32Array
  /** The base elements that move. */
  readonly moves: Set<number>
  /** Per wanted element: 1 if it is known to equal the one that it continues. */
  readonly equal: Uint8Array
}
