/** Up to this size, searching a list is faster than a set lookup. */
const MAX_LIST_SIZE = 12

/** Set of the containers that a patch created. Optimised for few members. */
export class OwnedSet {
  #list: object[] = []
  #set: Set<object> | undefined

  has(object: object): boolean {
    return this.#set === undefined ? this.#list.includes(object) : this.#set.has(object)
  }

  add(object: object): void {
    if (this.#set !== undefined) this.#set.add(object)
    else if (this.#list.push(object) > MAX_LIST_SIZE) this.#set = new Set(this.#list)
  }

  /** Removes an object. Returns whether the set contained it. */
  delete(object: object): boolean {
    this.#set ??= new Set(this.#list)
    return this.#set.delete(object)
  }

  freezeAll(): void {
    if (this.#set !== undefined) for (const object of this.#set) Object.freeze(object)
    else for (let i = 0; i < this.#list.length; i++) Object.freeze(this.#list[i])
  }
}
