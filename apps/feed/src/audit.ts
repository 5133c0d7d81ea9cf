import { canonicalJson } from './canonical.ts'
import type { Document } from './feed-file.ts'

/** A named copy of the documents: the store as a fresh instance loads it, or one replica's cache. */
export interface Copy {
  readonly name: string
  read(keys: readonly string[]): Promise<ReadonlyMap<string, Document>>
}

/** A field or a whole document that differs from the feed's last state. */
export interface Difference {
  readonly copy: string
  readonly key: string
  /** Absent if the whole document is missing or unexpected. */
  readonly field?: string
  /** Canonical JSON; `undefined` if absent. */
  readonly expected: string | undefined
  readonly found: string | undefined
}

/** Result of a comparison. */
export interface Audit {
  /** Number of documents that should exist. */
  readonly documents: number
  /** The first differences, at most 20. */
  readonly examples: readonly Difference[]
  readonly differences: number
}

const MAX_EXAMPLES = 20
const KEYS_PER_READ = 500

/** Compares every key of the feed, in every copy, with the last state in the feed. */
export async function audit(
  lastStates: ReadonlyMap<string, string | undefined>,
  copies: readonly Copy[],
): Promise<Audit> {
  const examples: Difference[] = []
  let differences = 0
  for (const copy of copies) {
    for (const keys of batches([...lastStates.keys()])) {
      const found = await copy.read(keys)
      for (const key of keys) {
        for (const each of compare(copy.name, key, lastStates.get(key), found.get(key))) {
          if (differences++ < MAX_EXAMPLES) examples.push(each)
        }
      }
    }
  }
  const documents = [...lastStates.values()].filter((text) => text !== undefined).length
  return { documents, examples, differences }
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
