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

const MAX_SHOWN = 20
const KEYS_PER_READ = 500

/** Compares every key that the feed ever named, in every copy, with the last state that the feed gave it. */
export async function audit(
  lastStates: ReadonlyMap<string, string | undefined>,
  copies: readonly Copy[],
): Promise<Audit> {
  const shown: Difference[] = []
  let differences = 0
  for (const copy of copies) {
    for (const keys of batches([...lastStates.keys()])) {
      const held = await copy.read(keys)
      for (const key of keys) {
        for (const each of compare(copy.name, key, lastStates.get(key), held.get(key))) {
          if (differences++ < MAX_SHOWN) shown.push(each)
        }
      }
    }
  }
  const documents = [...lastStates.values()].filter((text) => text !== undefined).length
  return { documents, shown, differences }
}

function* batches(keys: readonly string[]): Generator<readonly string[]> {
  for (let start = 0; start < keys.length; start += KEYS_PER_READ) yield keys.slice(start, start + KEYS_PER_READ)
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
  const expectedDocument = JSON.parse(expected) as Document
  return [...new Set([...Object.keys(expectedDocument), ...Object.keys(document)])]
    .map((field) => ({
      copy,
      key,
      field,
      expected: fieldText(expectedDocument, field),
      found: fieldText(document, field),
    }))
    .filter((each) => each.expected !== each.found)
}

const fieldText = (document: Document, field: string): string | undefined =>
  Object.hasOwn(document, field) ? canonicalJson(document[field]) : undefined
