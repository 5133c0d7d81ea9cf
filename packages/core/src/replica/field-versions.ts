import type { JsonObject } from '../model/json.ts'

type VersionArray = Uint8Array | Uint16Array | Uint32Array | Float64Array

/**
 * The versions of a document's fields. Most documents were written whole and never since: one number says it for all their
 * fields. Others have an array by the numbers of the section's fields, 0 where the document has none; those of a section with
 * more names than an array by all of them is worth have a map.
 */
export type FieldVersions = number | VersionArray | Map<string, number>

/** Names beyond these are not numbered. */
const MAX_FIELD_NAMES = 512
const NO_VERSIONS: FieldVersions = 0

/**
 * The field names of a section, numbered in the order in which they were first met, and what is kept by these numbers: a
 * version of a field takes a byte or two, where an object of its own for each document would take more than the document.
 */
export class FieldTable {
  readonly #indexByName = new Map<string, number>()
  readonly #names: string[] = []

  /** No field has a version. */
  readonly empty: FieldVersions = NO_VERSIONS

  /** Versions as a store tells them. */
  fromRecord(versions: Readonly<Record<string, number>>): FieldVersions {
    const entries = Object.entries(versions)
    const [first] = entries
    if (!first) return NO_VERSIONS
    if (entries.every(([, version]) => version === first[1])) return first[1]
    let held: FieldVersions = new Uint8Array(0)
    for (const [field, version] of entries) held = this.#set(held, field, version)
    return held
  }

  /** The version of a field; only of one that the document has. */
  get(versions: FieldVersions, field: string): number | undefined {
    if (typeof versions === 'number') return versions === 0 ? undefined : versions
    if (versions instanceof Map) return versions.get(field)
    const index = this.#indexByName.get(field)
    // beyond the end of the array: undefined
    return (index !== undefined && versions[index]) || undefined
  }

  /**
   * Versions with that of one field changed; 0: the document has it no more. What is given is used up. `document` is as it was
   * before: its fields are those that one number spoke for.
   */
  withField(versions: FieldVersions, document: JsonObject, field: string, version: number): FieldVersions {
    if (typeof versions !== 'number') return this.#set(versions, field, version)
    if (versions === NO_VERSIONS) return version
    if (versions === version || version === 0) return versions
    let expanded: FieldVersions = new Uint8Array(0)
    for (const each of Object.keys(document)) expanded = this.#set(expanded, each, versions)
    return this.#set(expanded, field, version)
  }

  /** Changes what is kept of one field, in place where it fits. */
  #set(
    versions: VersionArray | Map<string, number>,
    field: string,
    version: number,
  ): VersionArray | Map<string, number> {
    if (versions instanceof Map) {
      if (version === 0) versions.delete(field)
      else versions.set(field, version)
      return versions
    }
    const index = this.#indexOf(field)
    if (index === undefined) return this.#set(this.#toMap(versions), field, version)
    if (index < versions.length) {
      versions[index] = version
      // what is too large for the array is not what is read back
      if (versions[index] === version) return versions
    }
    const widened = widen(versions, version, Math.max(index + 1, this.#names.length))
    widened[index] = version
    return widened
  }

  #indexOf(field: string): number | undefined {
    const known = this.#indexByName.get(field)
    if (known !== undefined || this.#names.length >= MAX_FIELD_NAMES) return known
    this.#indexByName.set(field, this.#names.length)
    return this.#names.push(field) - 1
  }

  #toMap(versions: VersionArray): Map<string, number> {
    const map = new Map<string, number>()
    for (const [index, version] of versions.entries()) if (version > 0) map.set(this.#names[index] as string, version)
    return map
  }
}

const maxValueOf = (numbers: VersionArray): number =>
  numbers instanceof Float64Array ? Number.MAX_SAFE_INTEGER : 2 ** (8 * numbers.BYTES_PER_ELEMENT) - 1

/** A copy of so many, with room for that version. */
function widen(numbers: VersionArray, version: number, length: number): VersionArray {
  const max = Math.max(version, numbers instanceof Uint8Array ? 0 : maxValueOf(numbers))
  const copy =
    max <= 0xff
      ? new Uint8Array(length)
      : max <= 0xffff
        ? new Uint16Array(length)
        : max <= 0xffff_ffff
          ? new Uint32Array(length)
          : new Float64Array(length)
  copy.set(numbers)
  return copy
}
