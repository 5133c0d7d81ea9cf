import { parseIndex } from './pointer.ts'

/** With more known elements than this, a shift forgets them all instead of looking at each. */
const MANY = 64

/**
 * A place in a document, as far as the operations of a patch named it, and which of them still may be changed:
 * numbers are positions in the compacted patch.
 */
export class Place {
  /** The last operation that wrote exactly here, if a later one may still be folded into it; or -1. */
  write = -1
  /** The last operation that wrote or read here or below. */
  touched = -1
  /** Operations whose effect stays within the value here: without effect once the value is written anew. */
  inside: number[] = []
  readonly #below = new Map<string, Place>()

  /** The place below with this name or index, if it is known. */
  known(token: string): Place | undefined {
    return this.#below.get(token)
  }

  /** The place below with this name or index. */
  below(token: string): Place {
    let place = this.#below.get(token)
    if (place === undefined) {
      place = new Place()
      this.#below.set(token, place)
    }
    return place
  }

  /** Something below was moved about: no operation there may be changed, but all go when this value goes. */
  blur(): void {
    for (const place of this.#below.values()) place.#handOver(this.inside)
    this.#below.clear()
  }

  /**
   * An element came or went at `token`. If this is an array, those from there on have another index now. If it is an
   * object, that one member was written.
   */
  shift(token: string): void {
    const index = parseIndex(token)
    if (index === undefined) this.#forget(token)
    else if (this.#below.size > MANY) this.blur()
    else {
      for (const name of this.#below.keys()) {
        if ((parseIndex(name) ?? -1) >= index) this.#forget(name)
      }
    }
  }

  /** What happened here and below was seen, and stays as it is. */
  seal(): void {
    this.write = -1
    this.inside = []
    this.#below.clear()
  }

  /** What happened here was seen by one who looked at something below, and stays as it is. */
  sealAbove(): void {
    this.write = -1
    this.inside = []
  }

  /** The value here was written anew: gives up all operations inside it. */
  overwrite(): number[] {
    this.blur()
    const dead = this.inside
    this.inside = []
    return dead
  }

  #forget(token: string): void {
    const place = this.#below.get(token)
    if (place === undefined) return
    place.#handOver(this.inside)
    this.#below.delete(token)
  }

  #handOver(to: number[]): void {
    for (const operation of this.inside) to.push(operation)
    for (const place of this.#below.values()) place.#handOver(to)
  }
}
