/** In a list this short a search is faster than in a set. */
const MAX_LIST_SIZE = 12

/** A set of objects that mostly has few: the containers that a patch made. */
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

  /** Whether it was there. */
  delete(object: object): boolean {
    this.#set ??= new Set(this.#list)
    return this.#set.delete(object)
  }

  freezeAll(): void {
    if (this.#set !== undefined) for (const object of this.#set) Object.freeze(object)
    else for (let i = 0; i < this.#list.length; i++) Object.freeze(this.#list[i])
  }
}
