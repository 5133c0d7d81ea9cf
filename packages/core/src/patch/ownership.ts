/** In a list this short a search is faster than in a set. */
const SHORT = 12

/** A set of objects that mostly has few: the containers that a patch made. */
export class Ownership {
  #few: object[] = []
  #many: Set<object> | undefined

  has(object: object): boolean {
    return this.#many === undefined ? this.#few.includes(object) : this.#many.has(object)
  }

  add(object: object): void {
    if (this.#many !== undefined) this.#many.add(object)
    else if (this.#few.push(object) > SHORT) this.#many = new Set(this.#few)
  }

  /** Whether it was there. */
  delete(object: object): boolean {
    this.#many ??= new Set(this.#few)
    return this.#many.delete(object)
  }

  freezeAll(): void {
    if (this.#many !== undefined) for (const object of this.#many) Object.freeze(object)
    else for (let i = 0; i < this.#few.length; i++) Object.freeze(this.#few[i])
  }
}
