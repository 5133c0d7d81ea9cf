import type { JsonObject } from '../model/json.ts'

type Numbers = Uint8Array | Uint16Array | Uint32Array | Float64Array

/**
 * The versions of a document's fields. Most documents were written whole and never since: one number says it for all their
 * fields. Others have an array by the numbers of the section's fields, 0 where the document has none; those of a section with
 * more names than an array by all of them is worth have a map.
 */
export type FieldVersions = number | Numbers | Map<string, number>

/** Names beyond these are not numbered. */
const MOST_NAMES = 512
const NONE: FieldVersions = 0

/**
 * The field names of a section, numbered in the order in which they were first met, and what is kept by these numbers: a
 * version of a field takes a byte or two, where an object of its own for each document would take more than the document.
 */
export class FieldTable {
  readonly #numbers = new Map<string, number>()
  readonly #names: string[] = []

  /** No field has a version. */
  readonly none: FieldVersions = NONE

  /** Versions as a store tells them. */
  of(versions: Readonly<Record<string, number>>): FieldVersions {
    const entries = Object.entries(versions)
    const [first] = entries
    if (!first) return NONE
    if (entries.every(([, version]) => version === first[1])) return first[1]
    let held: FieldVersions = new Uint8Array(0)
    for (const [field, version] of entries) held = this.#put(held, field, version)
    return held
  }

  /** The version of a field; only of one that the document has. */
  get(versions: FieldVersions, field: string): number | undefined {
    if (typeof versions === 'number') return versions === 0 ? undefined : versions
    if (versions instanceof Map) return versions.get(field)
    const number = this.#numbers.get(field)
    // beyond the end of the array: undefined
    return (number !== undefined && versions[number]) || undefined
  }

  /**
   * Versions with that of one field changed; 0: the document has it no more. What is given is used up. `document` is as it was
   * before: its fields are those that one number spoke for.
   */
  with(versions: FieldVersions, document: JsonObject, field: string, version: number): FieldVersions {
    if (typeof versions !== 'number') return this.#put(versions, field, version)
    if (versions === NONE) return version
    if (versions === version || version === 0) return versions
    let spelled: FieldVersions = new Uint8Array(0)
    for (const each of Object.keys(document)) spelled = this.#put(spelled, each, versions)
    return this.#put(spelled, field, version)
  }

  /** Changes what is kept of one field, in place where it fits. */
  #put(versions: Numbers | Map<string, number>, field: string, version: number): Numbers | Map<string, number> {
    if (versions instanceof Map) {
      if (version === 0) versions.delete(field)
      else versions.set(field, version)
      return versions
    }
    const number = this.#number(field)
    if (number === undefined) return this.#put(this.#spelledOut(versions), field, version)
    if (number < versions.length) {
      versions[number] = version
      // what is too large for the array is not what is read back
      if (versions[number] === version) return versions
    }
    const room = widened(versions, version, Math.max(number + 1, this.#names.length))
    room[number] = version
    return room
  }

  #number(field: string): number | undefined {
    const known = this.#numbers.get(field)
    if (known !== undefined || this.#names.length >= MOST_NAMES) return known
    this.#numbers.set(field, this.#names.length)
    return this.#names.push(field) - 1
  }

  #spelledOut(versions: Numbers): Map<string, number> {
    const map = new Map<string, number>()
    for (const [number, version] of versions.entries()) if (version > 0) map.set(this.#names[number] as string, version)
    return map
  }
}

const largest = (numbers: Numbers): number =>
  numbers instanceof Float64Array ? Number.MAX_SAFE_INTEGER : 2 ** (8 * numbers.BYTES_PER_ELEMENT) - 1

/** A copy of so many, with room for that version. */
function widened(numbers: Numbers, version: number, length: number): Numbers {
  const most = Math.max(version, numbers instanceof Uint8Array ? 0 : largest(numbers))
  const copy =
    most <= 0xff
      ? new Uint8Array(length)
      : most <= 0xffff
        ? new Uint16Array(length)
        : most <= 0xffff_ffff
          ? new Uint32Array(length)
          : new Float64Array(length)
  copy.set(numbers)
  return copy
}
