/** Alignment of a base array and a target array, by index. */
export interface Alignment {
  /** Per target element: the base element that it continues in order; -1 if none. */
  readonly pairOf: Int32Array
  /** Per unpaired target element: the base element that moves there; -1 if none. */
  readonly sourceOf: Int32Array
  /** Base elements that move. */
  readonly moves: Set<number>
  /** Per target element: 1 if it is known to equal the base element that it continues. */
  readonly equal: Uint8Array
}
