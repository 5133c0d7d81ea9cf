import { parseIndex } from './pointer.ts'

/** If a container has more known children than this, a shift forgets all of them instead of checking each. */
const MAX_SCANNED_CHILDREN = 64

/**
 * A path in a document that operations of the patch named, with the operations that may still be changed. Numbers are
 * indices in the compacted patch.
 */
export class PathNode {
  /** Last operation that wrote exactly this path, if a later one may still be folded into it; or -1. */
  lastWrite = -1
  /** Last operation that wrote or read this path or one below it. */
  lastTouch = -1
  /** Operations whose effect is confined to this value. They have no effect once the value is overwritten. */
  inside: number[] = []
  readonly #children = new Map<string, PathNode>()

  /** Returns the child with this name or index, if it is known. */
  child(token: string): PathNode | undefined {
    return this.#children.get(token)
  }

  /** Returns the child with this name or index, and creates it if necessary. */
  ensureChild(token: string): PathNode {
    let node = this.#children.get(token)
    if (node === undefined) {
      node = new PathNode()
      this.#children.set(token, node)
    }
    return node
  }

  /**
   * Forgets the children after a move below: their operations can no longer be changed, but still disappear with this
   * value.
   */
  detachChildren(): void {
    for (const node of this.#children.values()) node.#collectInside(this.inside)
    this.#children.clear()
  }

  /**
   * Handles an insertion or removal at `token`. In an array, later elements have a new index. In an object, only that
   * member was written.
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

  /** Fixes all operations at and below this path, because a later operation reads it. */
  seal(): void {
    this.lastWrite = -1
    this.inside = []
    this.#children.clear()
  }

  /** Fixes the operations at this path, because a later operation reads a path below it. */
  sealSelf(): void {
    this.lastWrite = -1
    this.inside = []
  }

  /** Handles an overwrite of this value. Returns the operations that no longer have an effect. */
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
