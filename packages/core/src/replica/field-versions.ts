import type { JsonObject } from '../model/json.ts'

type VersionArray = Uint8Array | Uint16Array | Uint32Array | Float64Array

/**
 * Versions of a document's fields, in the smallest of three forms:
 *
 * - a number, if all fields have the same version, as after one whole write;
 * - an array indexed by the section's field numbers, with 0 for fields that the document does not have;
 * - a map, for sections with more field names than {@link MAX_FIELD_NAMES}.
 */
export type FieldVersions = number | VersionArray | Map<string, number>

/** Maximum number of numbered field names per section. */
const MAX_FIELD_NAMES = 512
const NO_VERSIONS: FieldVersions = 0

/**
 * Numbers a section's field names in order of first use, and stores versions by number. A version takes one or two
 * bytes this way; an object per document would be larger than the document.
 */
export class FieldTable {
  readonly #indexByName = new Map<string, number>()
  readonly #names: string[] = []

  /** Versions of a document without fields. */
  readonly empty: FieldVersions = NO_VERSIONS

  /** Converts the versions of a loaded document. */
  fromRecord(versions: Readonly<Record<string, number>>): FieldVersions {
    const entries = Object.entries(versions)
    const [first] = entries
    if (!first) return NO_VERSIONS
    if (entries.every(([, version]) => version === first[1])) return first[1]
    let versionsByIndex: FieldVersions = new Uint8Array(0)
    for (const [field, version] of entries) versionsByIndex = this.#set(versionsByIndex, field, version)
    return versionsByIndex
  }

  /** Returns the version of a present field. */
  get(versions: FieldVersions, field: string): number | undefined {
    if (typeof versions === 'number') return versions === 0 ? undefined : versions
    if (versions instanceof Map) return versions.get(field)
    const index = this.#indexByName.get(field)
    // `undefined` beyond the end of the array
    return (index !== undefined && versions[index]) || undefined
  }

  /**
   * Returns versions with one field changed; 0 removes it. Consumes `versions`. `document` is the document before the
   * change: a shared version applies to its fields.
   */
  withField(versions: FieldVersions, document: JsonObject, field: string, version: number): FieldVersions {
    if (typeof versions !== 'number') return this.#set(versions, field, version)
    if (versions === NO_VERSIONS) return version
    if (versions === version || version === 0) return versions
    let expanded: FieldVersions = new Uint8Array(0)
    for (const each of Object.keys(document)) expanded = this.#set(expanded, each, versions)
    return this.#set(expanded, field, version)
  }

  /** Sets one field's version, in place if it fits. */
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
      // a version that overflows the array reads back differently
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

/** Returns a copy of the given length that can store `version`. */
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
