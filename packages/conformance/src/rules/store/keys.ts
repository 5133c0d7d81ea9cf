import { compareCodePoints } from '@sync/core/adapter'
import { assertEqual, assertThat } from '../../checkers/assertions.ts'
import type { StoreTestContext, StoreWriter } from '../../context/store-test-context.ts'
import type { Rule } from '../rule.ts'

/** Keys whose order differs between code points, code units, case and escapes. */
const ORDERED = ['\u0001', '"', '*', 'A', '\\', 'a', 'a:', 'a\u0000', 'b', 'ä', '\u{ffee}', '\u{1f600}', '\u{10ffff}']

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, n) => `k${String(from + n).padStart(3, '0')}`)

/** Reads the remaining pages of a listing, and returns their keys. */
async function rest(writer: StoreWriter, limit: number, cursor: string | undefined): Promise<string[]> {
  const keys: string[] = []
  for (let after = cursor; after !== undefined; ) {
    const page = await writer.page({ limit, after })
    keys.push(...page.keys)
    after = page.cursor
  }
  return keys
}

/** Listings of a section's keys. */
export const keys: readonly Rule<StoreTestContext>[] = [
  {
    id: 'STORE-KEY-01',
    level: 'MUST',
    statement: 'Pages of keys are in code-point order, contain at most `limit` keys, and repeat none.',
    hint: 'Compare keys by their UTF-8 bytes, without a collation, and apply the limit to every page.',
    async run(context) {
      const writer = await context.writer()
      for (const key of context.interleave([...ORDERED].reverse(), numbered(0, 20))) await writer.write(key, { f: '1' })
      const expected = [...ORDERED, ...numbered(0, 20)].sort(compareCodePoints)
      for (const limit of [1, 3, 50]) {
        const first = await writer.page({ limit })
        assertThat(
          first.keys.length <= limit,
          () => `a page with limit ${limit}: expected at most ${limit} keys, got ${first.keys.length}`,
        )
        const listed = [...first.keys, ...(await rest(writer, limit, first.cursor))]
        assertEqual(listed, expected, `the keys of all pages with limit ${limit}`)
      }
    },
  },
  {
    id: 'STORE-KEY-02',
    level: 'MUST',
    statement: 'A listing returns each document that exists throughout once, while others are created and deleted.',
    hint: 'Continue after the last key, not at an offset, and order by the key alone.',
    async run(context) {
      const writer = await context.writer()
      const lasting = numbered(10, 20)
      for (const key of [...numbered(0, 5), ...lasting, ...numbered(30, 35)]) await writer.write(key, { f: '1' })
      const first = await writer.page({ limit: 8 })
      for (const key of [...numbered(0, 5), ...numbered(30, 35)]) await writer.delete(key)
      for (const key of numbered(0, 3)) await writer.write(key, { f: '2' })
      for (const key of lasting) await writer.write(key, { f: '2' })
      const listed = [...first.keys, ...(await rest(writer, 3, first.cursor))]
      assertEqual(
        listed.filter((key) => lasting.includes(key)),
        lasting,
        'the listed keys of documents that existed throughout',
      )
      assertEqual(listed.length, new Set(listed).size, 'the number of listed keys and of different ones')
    },
  },
  {
    id: 'STORE-KEY-03',
    level: 'MUST',
    statement: 'A listing continues after a cursor whose document was deleted.',
    hint: 'Use the cursor as a bound of the range, not as an entry to look up.',
    async run(context) {
      const writer = await context.writer()
      for (const key of numbered(0, 6)) await writer.write(key, { f: '1' })
      const { cursor } = await writer.page({ limit: 3 })
      assertThat(cursor !== undefined, 'a page of 3 among 6 keys: expected a cursor, got none')
      await writer.delete(cursor)
      assertEqual(await rest(writer, 3, cursor), numbered(3, 6), 'the keys after a cursor whose document was deleted')
    },
  },
  {
    id: 'STORE-KEY-04',
    level: 'MUST',
    statement: 'A page without a cursor is the last one, also if the pages before contain only expired documents.',
    hint: 'Return the last key that was looked at, whether or not its document exists.',
    skip: ({ capabilities }) =>
      capabilities.ttl === false ? 'ttl: false means that documents never expire' : undefined,
    async run(context) {
      const ttl = 400 + 4 * (context.capabilities.ttl || { granularityMs: 0 }).granularityMs
      const writer = await context.writer()
      await writer.write('z', { f: '1' })
      for (const key of numbered(0, 9)) await writer.write(key, { f: '1' }, { ttl })
      await context.waitUntil(
        async () => (await writer.load('k008')).document === undefined,
        'documents with a TTL did not expire',
        ttl * 5,
      )
      assertEqual(await writer.keys({ limit: 2 }), ['z'], 'the keys after all but the last document expired')
    },
  },
  {
    id: 'STORE-KEY-05',
    level: 'MUST',
    statement: 'A listing contains a created document and omits a deleted one as soon as its commit was answered.',
    hint: 'Change the index in the step that commits.',
    async run(context) {
      const writer = await context.writer()
      for (let round = 0; round < 10; round++) {
        await writer.write('k', { f: String(round) })
        assertEqual(await writer.keys(), ['k'], 'the keys after a creation was answered')
        await writer.delete('k')
        assertEqual(await writer.keys(), [], 'the keys after a deletion was answered')
      }
    },
  },
  {
    id: 'STORE-KEY-06',
    level: 'MUST',
    statement: 'Each page of keys carries the section state as of that page.',
    hint: 'Read the counters in the step that reads the page, and pass the fence first.',
    async run(context) {
      const writer = await context.writer()
      for (const key of numbered(0, 3)) await writer.write(key, { f: '1' })
      const first = await writer.page({ limit: 1 })
      assertEqual([first.state.epoch, first.state.sequence], [writer.state.epoch, 3], 'epoch and sequence of a page')
      await writer.write('k', { f: '1' })
      const { epoch } = writer.state
      await context.store.heads([{ scope: writer.section, highestSeen: { epoch, sequence: 99 } }])
      const next = await writer.catchUp()
      const second = await writer.page({ limit: 1, ...(first.cursor !== undefined && { after: first.cursor }) })
      assertEqual(
        [second.state.epoch, second.state.sequence],
        [next.epoch, 4],
        'epoch and sequence of a page after a new epoch began',
      )
    },
  },
]
