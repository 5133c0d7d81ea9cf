import type { StoredDocument } from '@sync/core/adapter'

/** A document as the load script tells it. `header`: generation, version, floor, time of the last commit, TTL left. */
export function storedDocument(header: string, versions: string, text: string): StoredDocument {
  const [generation = 0, version = 0, floor = 0, changedAt = 0, expiresIn = -1] = header.split(' ').map(Number)
  const fieldVersions = JSON.parse(versions) as Record<string, number>
  const stored = { generation, version, text, fieldVersions, floor, changedAt }
  return expiresIn < 0 ? stored : { ...stored, expiresIn }
}
