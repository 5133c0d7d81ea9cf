import { canonicalJson } from './canonical.ts'
import type { Document } from './feed-file.ts'

/** One copy of the documents, by its name: the store as a fresh instance loads it, or what a replica holds. */
export interface Copy {
  readonly name: string
  read(keys: readonly string[]): Promise<ReadonlyMap<string, Document>>
}

/** One field, or a whole document, that is not as the feed left it. */
export interface Difference {
  readonly copy: string
  readonly key: string
  /** Absent: the document as a whole. */
  readonly field?: string
  /** Canonical JSON; `undefined`: not there. */
  readonly expected: string | undefined
  readonly found: string | undefined
}

/** What the comparison came to. */
export interface Audit {
  /** Documents that there should be. */
  readonly documents: number
  /** The first of the differences. */
  readonly shown: readonly Difference[]
  readonly differences: number
}

const MOST_SHOWN = 20
const KEYS_AT_ONCE = 500

/** Compares every key that the feed ever named, in every copy, with the last state that the feed gave it. */
export async function audit(last: ReadonlyMap<string, string | undefined>, copies: readonly Copy[]): Promise<Audit> {
  const shown: Difference[] = []
  let differences = 0
  for (const copy of copies) {
    for (const keys of batches([...last.keys()])) {
      const held = await copy.read(keys)
      for (const key of keys) {
        for (const each of compare(copy.name, key, last.get(key), held.get(key))) {
          if (differences++ < MOST_SHOWN) shown.push(each)
        }
      }
    }
  }
  const documents = [...last.values()].filter((text) => text !== undefined).length
  return { documents, shown, differences }
}

function* batches(keys: readonly string[]): Generator<readonly string[]> {
  for (let start = 0; start < keys.length; start += KEYS_AT_ONCE) yield keys.slice(start, start + KEYS_AT_ONCE)
}

function compare(
  copy: string,
  key: string,
  expected: string | undefined,
  document: Document | undefined,
): Difference[] {
  const found = document === undefined ? undefined : canonicalJson(document)
  if (expected === found) return []
  if (expected === undefined || document === undefined) return [{ copy, key, expected, found }]
  const wanted = JSON.parse(expected) as Document
  return [...new Set([...Object.keys(wanted), ...Object.keys(document)])]
    .map((field) => ({ copy, key, field, expected: textOf(wanted, field), found: textOf(document, field) }))
    .filter((each) => each.expected !== each.found)
}

const textOf = (document: Document, field: string): string | undefined =>
  Object.hasOwn(document, field) ? canonicalJson(document[field]) : undefined
