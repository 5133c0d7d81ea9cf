import { assertEqual, assertThat } from '../../checkers/assertions.ts'
import type { StoreTestContext, StoreWriter } from '../../context/store-test-context.ts'
import type { Rule } from '../rule.ts'

const requiresTtl = ({ capabilities }: StoreTestContext): string | undefined =>
  capabilities.ttl === false ? 'ttl: false means that documents never expire' : undefined

/** TTL of test documents, in ms: long compared with the granularity and a round trip, and short enough for a test. */
const ttlFor = ({ capabilities: { ttl } }: StoreTestContext): number =>
  400 + 4 * (ttl === false ? 0 : ttl.granularityMs)

const exists = async (writer: StoreWriter, key: string): Promise<boolean> =>
  (await writer.load(key)).document !== undefined

/** Expiry of documents. */
export const ttl: readonly Rule<StoreTestContext>[] = [
  {
    id: 'STORE-TTL-01',
    level: 'MUST',
    statement: 'A document expires after its TTL, and is then absent in every answer.',
    hint: "Compare with the server's clock on every read, and do not wait for a sweep.",
    skip: requiresTtl,
    async run(context) {
      const ttlMs = ttlFor(context)
      const writer = await context.writer()
      const { granularityMs } = context.capabilities.ttl || { granularityMs: 0 }
      const began = context.now()
      const { generation } = await writer.write('k', { n: '1' }, { ttl: ttlMs })
      await writer.write('permanent', { n: '1' })
      const { document } = await writer.load('k')
      assertThat(
        document?.expiresIn !== undefined && document.expiresIn > 0 && document.expiresIn <= ttlMs + granularityMs,
        `\`expiresIn\` of a document with a TTL of ${ttlMs} ms: expected 1 to ${ttlMs + granularityMs} ms, got ${document?.expiresIn}`,
      )
      const timeout = ttlMs + granularityMs + 300
      await context.waitUntil(
        async () => !(await exists(writer, 'k')),
        () => `a document with a TTL of ${ttlMs} ms still exists after ${Math.round(context.now() - began)} ms`,
        timeout,
      )
      const [head] = await context.store.heads([{ scope: writer.ref('k') }])
      assertEqual(head?.document, { generation: 0, version: 0 }, 'the head of an expired document')
      const keys = await writer.keys()
      assertEqual(keys, ['permanent'], 'the keys after one document expired')
      const again = await writer.write('k', { n: '2' })
      assertThat(
        again.generation > generation && !again.existed && again.version === 1,
        'a write of an expired document did not create a new document',
      )
    },
  },
  {
    id: 'STORE-TTL-02',
    level: 'MUST',
    statement: 'A document does not expire early, and a document without a TTL never expires.',
    hint: 'Round up; a write without a TTL removes an earlier one.',
    skip: requiresTtl,
    async run(context) {
      const ttlMs = ttlFor(context)
      const writer = await context.writer()
      const began = context.now()
      await writer.write('k', { n: '1' }, { ttl: ttlMs })
      await writer.write('freed', { n: '1' }, { ttl: ttlMs })
      await writer.write('freed', { n: '2' })
      assertEqual(
        (await writer.load('freed')).document?.expiresIn,
        undefined,
        '`expiresIn` of a document whose last write had no TTL',
      )
      while (context.now() - began < ttlMs * 0.8) {
        const found = await exists(writer, 'k')
        // An answer after the end of the TTL proves nothing, even if the question was sent before it.
        const age = context.now() - began
        assertThat(found || age >= ttlMs, `a document with a TTL of ${ttlMs} ms expired after ${Math.round(age)} ms`)
        await context.shortPause()
      }
      await context.waitUntil(
        async () => !(await exists(writer, 'k')),
        'a document with a TTL did not expire',
        ttlMs * 4,
      )
      assertThat(await exists(writer, 'freed'), 'a document expired although its last write had no TTL')
    },
  },
  {
    id: 'STORE-TTL-03',
    level: 'MUST',
    statement: 'Each write and each `touch` restarts the TTL, and `touch` ignores absent documents.',
    hint: 'Set the expiry in the step that commits; `touch` sets it without a commit.',
    skip: requiresTtl,
    async run(context) {
      const ttlMs = ttlFor(context)
      const writer = await context.writer()
      for (const key of ['written', 'touched', 'unused']) await writer.write(key, { n: '1' }, { ttl: ttlMs })
      const { sequence } = await writer.catchUp()
      for (let n = 0; n < 4; n++) {
        await context.sleep(ttlMs * 0.5)
        await writer.write('written', { n: String(n + 2) }, { ttl: ttlMs })
        await context.withTimeout(
          context.store.touch([
            { ref: writer.ref('touched'), ttl: ttlMs },
            { ref: writer.ref('missing'), ttl: ttlMs },
          ]),
          'touch',
        )
      }
      assertThat(await exists(writer, 'written'), 'a document expired although it was written in time')
      assertThat(await exists(writer, 'touched'), 'a document expired although it was touched in time')
      assertThat(!(await exists(writer, 'unused')), 'a document without writes or touches did not expire')
      assertThat(!(await exists(writer, 'missing')), 'touch created a document')
      assertEqual((await writer.catchUp()).sequence, sequence + 4, 'the sequence after four writes and four touches')
      assertEqual((await writer.load('touched')).document?.version, 1, 'the version of a touched document')
    },
  },
  {
    id: 'STORE-TTL-04',
    level: 'MUST',
    statement: 'Each document has its own TTL, independent of other documents of its section.',
    hint: 'Set the expiry on the document, not on the section.',
    skip: requiresTtl,
    async run(context) {
      const ttlMs = ttlFor(context)
      const writer = await context.writer()
      await writer.write('long', { n: '1' }, { ttl: ttlMs * 20 })
      await writer.write('permanent', { n: '1' })
      await writer.write('short', { n: '1' }, { ttl: ttlMs })
      await context.waitUntil(
        async () => !(await exists(writer, 'short')),
        'a document with a short TTL did not expire',
        ttlMs * 3,
      )
      for (const key of ['long', 'permanent'])
        assertThat(await exists(writer, key), `"${key}" expired together with a document that had a shorter TTL`)
    },
  },
  {
    id: 'STORE-TTL-05',
    level: 'MUST',
    statement: 'A compare-and-set on an expired document finds it absent.',
    hint: 'Treat an expired document as absent in preconditions too, before any sweep.',
    skip: requiresTtl,
    async run(context) {
      const ttlMs = ttlFor(context)
      const writer = await context.writer()
      await writer.write('k', { n: '1' }, { ttl: ttlMs })
      const expect = await writer.expectation('k')
      await context.waitUntil(
        async () => !(await exists(writer, 'k')),
        'a document with a TTL did not expire',
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
      assertEqual(created.status, 'committed', 'a creation in place of an expired document')
    },
  },
]
