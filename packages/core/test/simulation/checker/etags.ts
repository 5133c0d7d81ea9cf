import { jsonEqual } from '../../../src/model/json.ts'
import type { History, ReadRecord } from '../history.ts'

/**
 * Checks the ETags of all reads:
 *
 * - one ETag identifies one document;
 * - one document of one version has one ETag and one JSON text, at every process and in every epoch.
 */
export function checkETags({ reads }: Pick<History, 'reads'>): string[] {
  const problems: string[] = []
  const byETag = new Map<string, ReadRecord>()
  const byState = new Map<string, ReadRecord[]>()
  for (const read of reads) {
    const { by, key, etag, text, generation, version, value } = read
    const same = byETag.get(`${key} ${etag}`)
    if (!same) byETag.set(`${key} ${etag}`, read)
    else if (!jsonEqual(same.value, value))
      problems.push(`${by} read ${key} with ETag ${etag} as ${text}, but ${same.by} as ${same.text}`)
    const state = `${key} ${generation} ${version}`
    const known = byState.get(state) ?? []
    byState.set(state, known)
    const equal = known.find((other) => other.value === value || jsonEqual(other.value, value))
    if (!equal) known.push(read)
    else if (equal.etag !== etag)
      problems.push(
        `${by} read ${key} at ${generation}/${version} with ETag ${etag}, but ${equal.by} with ${equal.etag}`,
      )
    else if (equal.text !== text)
      problems.push(`${by} read ${key} at ${generation}/${version} as ${text}, but ${equal.by} as ${equal.text}`)
  }
  return problems
}
