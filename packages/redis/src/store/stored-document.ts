import type { StoredDocument } from '@sync/core/adapter'

const VALUE_SUFFIX = ':latest'
const VERSION_SUFFIX = ':version'
const COUNTER_PREFIX = 'VersionId:'

/** Parses a document from the load script's reply: the remaining TTL in ms (negative for none), and its hash as one text. */
export function parseStoredDocument(ttl: string, hash: string): StoredDocument {
  const flat = hash.split('\0')
  const counters: Record<string, string> = {}
  // names are escaped as in JSON, so the text can be joined and parsed at once: no parser in JavaScript is as fast
  let text = ''
  let versions = ''
  for (let at = 0; at < flat.length; at += 2) {
    const name = flat[at] as string
    const value = flat[at + 1] as string
    // a field's name may have the same prefix, but is followed by a suffix
    if (name.startsWith(COUNTER_PREFIX) && !name.includes(':', COUNTER_PREFIX.length))
      counters[name.slice(COUNTER_PREFIX.length)] = value
    else if (name.endsWith(VALUE_SUFFIX)) text += `,"${name.slice(0, -VALUE_SUFFIX.length)}":${value}`
    else versions += `,"${name.slice(0, -VERSION_SUFFIX.length)}":${value}`
  }
  const stored = {
    generation: Number(counters['generation']),
    version: Number(counters['latest']),
    text: `{${text.slice(1)}}`,
    fieldVersions: JSON.parse(`{${versions.slice(1)}}`) as Record<string, number>,
    floor: Number(counters['floor'] ?? 0),
    changedAt: Number(counters['changed']),
  }
  const expiresIn = Number(ttl)
  return expiresIn < 0 ? stored : { ...stored, expiresIn }
}
