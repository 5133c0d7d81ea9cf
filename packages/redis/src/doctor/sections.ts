import type { SectionRef, SectionSummary } from '@sync/core/adapter'
import { metaKey, parseSectionName } from '../names.ts'
import { masters, type Send } from './masters.ts'
import { targetsOf, withConnection } from './open-targets.ts'

const SCAN_COUNT = '1000'

/** Suffix of the key with a section's counters. */
const META_SUFFIX = '::meta'

/** Lists the sections of all servers of a URL. With `only`, yields this section if it exists. */
export async function* sections(url: URL, only?: SectionRef): AsyncGenerator<SectionSummary, undefined> {
  for (const target of targetsOf(url)) {
    yield* withConnection(target, async function* (connection) {
      if (only) {
        const key = metaKey(only, connection.layout)
        if (Number(await connection.send(['EXISTS', key], key)) === 1) yield only
        return
      }
      for (const send of await masters(connection)) yield* scanSections(send)
    })
  }
}

/**
 * Counts the documents of every section with one scan: a document's key is the section's name, `:` and its own. A scan may return a
 * key twice while the server resizes its table.
 */
async function* scanSections(send: Send): AsyncGenerator<SectionSummary> {
  const documents = new Map<string, number>()
  const names = new Set<string>()
  let cursor = '0'
  do {
    const page = (await send('SCAN', cursor, 'COUNT', SCAN_COUNT, 'TYPE', 'hash')) as [string, string[]]
    cursor = page[0]
    for (const key of page[1]) {
      if (key.endsWith(META_SUFFIX)) names.add(key.slice(0, -META_SUFFIX.length))
      const name = /^(?:\{[^{}]*\}|[^:]*:[^:]*)(?=:[^:])/.exec(key)?.[0]
      if (name !== undefined) documents.set(name, (documents.get(name) ?? 0) + 1)
    }
  } while (cursor !== '0')
  for (const name of [...names].sort()) yield { ...parseSectionName(name), documents: documents.get(name) ?? 0 }
}
