import { parseIndex } from './pointer.ts'

/** With more known elements than this, a shift forgets them all instead of looking at each. */
const MAX_SCANNED_CHILDREN = 64

/**
 * A place in a document, as far as the operations of a patch named it, and which of them still may be changed:
 * numbers are positions in the compacted patch.
 */
export class PathNode {
  /** The last operation that wrote exactly here, if a later one may still be folded into it; or -1. */
  lastWrite = -1
  /** The last operation that wrote or read here or below. */
  lastTouch = -1
  /** Operations whose effect stays within the value here: without effect once the value is written anew. */
  inside: number[] = []
  readonly #children = new Map<string, PathNode>()

  /** The place below with this name or index, if it is known. */
  child(token: string): PathNode | undefined {
    return this.#children.get(token)
  }

  /** The place below with this name or index. */
  ensureChild(token: string): PathNode {
    let node = this.#children.get(token)
    if (node === undefined) {
      node = new PathNode()
      this.#children.set(token, node)
    }
    return node
  }

  /** Something below was moved about: no operation there may be changed, but all go when this value goes. */
  detachChildren(): void {
    for (const node of this.#children.values()) node.#collectInside(this.inside)
    this.#children.clear()
  }

  /**
   * An element came or went at `token`. If this is an array, those from there on have another index now. If it is an
   * object, that one member was written.
   */
  shift(token: string): void {
    const index = parseIndex(token)
    if (index === undefined) this.#detachChild(token)
    else if (this.#children.size > MAX_SCANNED_CHILDREN) this.detachChildren()
    else {
      for (const name of this.#children.keys()) {
        if ((parseIndex(name) ?? -1) >= index) this.#detachChild(name)
      }
    }
  }

  /** What happened here and below was seen, and stays as it is. */
  seal(): void {
    this.lastWrite = -1
    this.inside = []
    this.#children.clear()
  }

  /** What happened here was seen by one who looked at something below, and stays as it is. */
  sealSelf(): void {
    this.lastWrite = -1
    this.inside = []
  }

  /** The value here was written anew: gives up all operations inside it. */
  overwrite(): number[] {
    this.detachChildren()
    const dead = this.inside
    this.inside = []
    return dead
  }

  #detachChild(token: string): void {
    const node = this.#children.get(token)
    if (node === undefined) return
    node.#collectInside(this.inside)
    this.#children.delete(token)
  }

  #collectInside(to: number[]): void {
    for (const operation of this.inside) to.push(operation)
    for (const node of this.#children.values()) node.#collectInside(to)
  }
}
