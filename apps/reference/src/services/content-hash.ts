import { createHash } from 'node:crypto'
import { canonicalJson } from 'feed'
import type { Digest } from './commands.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** A document's content in a few characters: equal for equal contents. */
export const contentHash = (value: unknown): string => sha256(canonicalJson(value))

/** Of documents by their keys, in whatever order they come. */
export function combinedDigest(contents: ReadonlyMap<string, string>): Digest {
  const lines = [...contents].map(([key, content]) => `${JSON.stringify(key)} ${content}\n`)
  return { documents: contents.size, digest: sha256(lines.sort().join('')) }
}
