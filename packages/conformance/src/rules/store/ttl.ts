import { assertEqual, assertThat } from '../../checkers/assertions.ts'
import type { StoreTestContext, StoreWriter } from '../../context/store-test-context.ts'
import type { Rule } from '../rule.ts'

const requiresTtl = ({ capabilities }: StoreTestContext): string | undefined =>
  capabilities.ttl === false ? 'ttl: false: documents never expire' : undefined

/** How long a test document lives, in ms: long against a granularity and a round trip, short against patience. */
const ttlFor = ({ capabilities: { ttl } }: StoreTestContext): number =>
  400 + 4 * (ttl === false ? 0 : ttl.granularityMs)

const exists = async (writer: StoreWriter, key: string): Promise<boolean> =>
  (await writer.load(key)).document !== undefined

/** Documents that end by themselves. */
export const ttl: readonly Rule<StoreTestContext>[] = [
  {
    id: 'STORE-TTL-01',
    level: 'MUST',
    statement: 'A document expires, and is then absent to every question.',
    hint: 'Compare with the clock of the server when reading; do not wait for a sweep.',
    skip: requiresTtl,
    async run(context) {
      const ttlMs = ttlFor(context)
      const writer = await context.writer()
      const { granularityMs } = context.capabilities.ttl || { granularityMs: 0 }
      const began = context.now()
      const { generation } = await writer.write('k', { n: '1' }, { ttl: ttlMs })
      await writer.write('stays', { n: '1' })
      const { document } = await writer.load('k')
      assertThat(
        document?.expiresIn !== undefined && document.expiresIn > 0 && document.expiresIn <= ttlMs + granularityMs,
        `a document with a ttl of ${ttlMs} ms says that it expires in ${document?.expiresIn}`,
      )
      const timeout = ttlMs + granularityMs + 300
      await context.waitUntil(
        async () => !(await exists(writer, 'k')),
        () => `a document with a ttl of ${ttlMs} ms is still there after ${Math.round(context.now() - began)} ms`,
        timeout,
      )
      const [head] = await context.store.heads([{ scope: writer.ref('k') }])
      assertEqual(head?.document, { generation: 0, version: 0 }, 'the head of an expired document')
      const keys: string[] = []
      for await (const key of context.store.keys(writer.section)) keys.push(key)
      assertEqual(keys, ['stays'], 'the keys after one document expired')
      const again = await writer.write('k', { n: '2' })
      assertThat(
        again.generation > generation && !again.existed && again.version === 1,
        'a document written after it expired is not a new one',
      )
    },
  },
  {
    id: 'STORE-TTL-02',
    level: 'MUST',
    statement: 'A document does not expire early, and one without ttl never.',
    hint: 'Round up; a missing ttl takes an earlier one away.',
    skip: requiresTtl,
    async run(context) {
      const ttlMs = ttlFor(context)
      const writer = await context.writer()
      const written = context.now()
      await writer.write('k', { n: '1' }, { ttl: ttlMs })
      await writer.write('freed', { n: '1' }, { ttl: ttlMs })
      await writer.write('freed', { n: '2' })
      assertEqual(
        (await writer.load('freed')).document?.expiresIn,
        undefined,
        '`expiresIn` of a document written without ttl',
      )
      while (context.now() - written < ttlMs * 0.8) {
        const there = await exists(writer, 'k')
        // asked before the end, answered after it: proves nothing
        const age = context.now() - written
        assertThat(there || age >= ttlMs, `a document with a ttl of ${ttlMs} ms was gone after ${Math.round(age)} ms`)
        await context.shortPause()
      }
      await context.waitUntil(
        async () => !(await exists(writer, 'k')),
        'a document with a ttl did not expire',
        ttlMs * 4,
      )
      assertThat(await exists(writer, 'freed'), 'a document expired though its last write had no ttl')
    },
  },
  {
    id: 'STORE-TTL-03',
    level: 'MUST',
    statement: 'Each write begins the ttl anew; `touch` does too, and passes over what is absent.',
    hint: 'Set the expiry in the step that commits; touch sets it without a commit.',
    skip: requiresTtl,
    async run(context) {
      const ttlMs = ttlFor(context)
      const writer = await context.writer()
      for (const key of ['written', 'touched', 'left']) await writer.write(key, { n: '1' }, { ttl: ttlMs })
      const { sequence } = await writer.catchUp()
      for (let n = 0; n < 4; n++) {
        await context.sleep(ttlMs * 0.5)
        await writer.write('written', { n: String(n + 2) }, { ttl: ttlMs })
        await context.withTimeout(
          context.store.touch([
            { ref: writer.ref('touched'), ttl: ttlMs },
            { ref: writer.ref('nobody'), ttl: ttlMs },
          ]),
          'touch',
        )
      }
      assertThat(await exists(writer, 'written'), 'a document expired though it was written in time')
      assertThat(await exists(writer, 'touched'), 'a document expired though it was touched in time')
      assertThat(!(await exists(writer, 'left')), 'a document that nobody wrote or touched did not expire')
      assertThat(!(await exists(writer, 'nobody')), 'touch made a document')
      assertEqual((await writer.catchUp()).sequence, sequence + 4, 'the sequence after four writes and four touches')
      assertEqual((await writer.load('touched')).document?.version, 1, 'the version of a touched document')
    },
  },
  {
    id: 'STORE-TTL-04',
    level: 'MUST',
    statement: 'Each document has a ttl of its own, whatever others of its section have.',
    hint: "The expiry is the document's, not the section's.",
    skip: requiresTtl,
    async run(context) {
      const ttlMs = ttlFor(context)
      const writer = await context.writer()
      await writer.write('long', { n: '1' }, { ttl: ttlMs * 20 })
      await writer.write('ever', { n: '1' })
      await writer.write('short', { n: '1' }, { ttl: ttlMs })
      await context.waitUntil(
        async () => !(await exists(writer, 'short')),
        'a document with a short ttl did not expire',
        ttlMs * 3,
      )
      for (const key of ['long', 'ever'])
        assertThat(await exists(writer, key), `"${key}" went with a document that had a shorter ttl`)
    },
  },
  {
    id: 'STORE-TTL-05',
    level: 'MUST',
    statement: 'A compare-and-set on an expired document meets absence.',
    hint: 'Expired is absent, in expectations too, before any sweep.',
    skip: requiresTtl,
    async run(context) {
      const ttlMs = ttlFor(context)
      const writer = await context.writer()
      await writer.write('k', { n: '1' }, { ttl: ttlMs })
      const expect = await writer.expectation('k')
      await context.waitUntil(
        async () => !(await exists(writer, 'k')),
        'a document with a ttl did not expire',
        ttlMs * 3,
      )
      const result = await writer.send(writer.request('k', { n: '2' }, { expect }))
      assertEqual(
        [result.status, 'reason' in result && result.reason],
        ['conflict', 'absent'],
        'a compare-and-set on an expired document',
      )
      const created = await writer.send(
        writer.request('k', { n: '3' }, { expect: { readAt: writer.state, generation: 0 } }),
      )
      assertEqual(created.status, 'committed', 'a creation over an expired document')
    },
  },
]
