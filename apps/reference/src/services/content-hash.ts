import { createHash } from 'node:crypto'
import { canonicalJson } from 'feed'
import type { Digest } from './commands.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Returns a hash that is equal for equal values. */
export const contentHash = (value: unknown): string => sha256(canonicalJson(value))

/** Returns the digest of documents, regardless of their order. `contents` maps keys to content hashes. */
export function combinedDigest(contents: ReadonlyMap<string, string>): Digest {
  const lines = [...contents].map(([key, content]) => `${JSON.stringify(key)} ${content}\n`)
  return { documents: contents.size, digest: sha256(lines.sort().join('')) }
}
