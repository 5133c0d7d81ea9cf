import type { SectionRef } from '@sync/core/adapter'
import type { Connection } from '../connection/connection.ts'
import { metaKey, sectionName, unescapePart } from '../names.ts'

const SCAN_COUNT = 1_000

const SCAN_SCRIPT = "return redis.call('SCAN', unpack(ARGV))"

/** Returns one page of a section's keys. Redis has no listing of them, so this scans the whole database, a page per call. */
export async function scanKeys(
  connection: Connection,
  section: SectionRef,
  cursor: string,
): Promise<{ readonly cursor: string; readonly keys: readonly string[] }> {
  const prefix = `${sectionName(section, connection.layout)}:`
  const pattern = `${prefix.replaceAll(/[\\*?[\]^]/g, '\\$&')}*`
  const search = [cursor, 'MATCH', pattern, 'COUNT', `${SCAN_COUNT}`, 'TYPE', 'hash']
  const meta = metaKey(section, connection.layout)
  const reply = await connection.send(
    // in a cluster, SCAN has no key that routes it: a script's declared key does
    connection.layout.cluster ? ['EVAL', SCAN_SCRIPT, '1', meta, ...search] : ['SCAN', ...search],
    meta,
  )
  const [next, found] = reply as [string, string[]]
  // the section's own keys have an empty third part
  const parts = found.map((key) => key.slice(prefix.length)).filter((part) => part !== '' && !part.startsWith(':'))
  return { cursor: next, keys: parts.map(unescapePart) }
}
