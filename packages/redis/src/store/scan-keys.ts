import type { SectionRef } from '@sync/core/adapter'
import type { Connection } from '../connection/connection.ts'
import { metaKey, sectionName, unescapePart } from '../names.ts'

const SCAN_COUNT = 1_000

const SCAN_SCRIPT = "return redis.call('SCAN', unpack(ARGV))"

/** A page of a section's keys: the database is searched for them, a page at a time. */
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
    // in a cluster it is the key of a script that leads to the node
    connection.layout.cluster ? ['EVAL', SCAN_SCRIPT, '1', meta, ...search] : ['SCAN', ...search],
    meta,
  )
  const [next, found] = reply as [string, string[]]
  // what belongs to the section itself has an empty third part
  const parts = found.map((key) => key.slice(prefix.length)).filter((part) => part !== '' && !part.startsWith(':'))
  return { cursor: next, keys: parts.map(unescapePart) }
}
