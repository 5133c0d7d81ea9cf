import type { CommitResult } from '@sync/core/adapter'
import { assertEqual, assertThat, format } from '../../checkers/assertions.ts'
import { expectCommitted, type StoreTestContext, withoutState } from '../../context/store-test-context.ts'
import type { Rule } from '../rule.ts'

/** Operation ids, group commits, definitions and limits. */
export const operations: readonly Rule<StoreTestContext>[] = [
  {
    id: 'STORE-ST-12',
    level: 'MUST',
    statement: 'Two commits with one operation id have one effect and the same answer.',
    hint: 'Record every result, with everything that its change needs, in the step that commits, and look it up first.',
    async run(context) {
      const writer = await context.writer()
      const other = await context.open()
      const request = writer.request('k', { n: '1' })
      const first = await writer.send(request)
      await writer.write('k', { n: '2' })
      const again = await writer.send(request)
      assertEqual(withoutState(again), withoutState(first), 'the answer to a repeated operation id')
      const [fromOtherClient] = await context.withTimeout(other.commit([request]), 'commit')
      assertEqual(
        fromOtherClient && withoutState(fromOtherClient),
        withoutState(first),
        'the answer to an operation id that another client repeats',
      )
      assertEqual(await writer.value('k'), { n: 2 }, 'the document after repeating an old write')
      assertEqual((await writer.catchUp()).sequence, 2, 'the sequence after repeating an old write')
    },
  },
  {
    id: 'STORE-OP-01',
    level: 'MUST',
    statement:
      'Conflicts and `unchanged` results are remembered too: a conflict answers attempts up to its own, other results answer all attempts.',
    hint: 'Record the attempt with the result.',
    async run(context) {
      const writer = await context.writer()
      await writer.write('k', { n: '1' })
      const { generation } = await writer.expectation('k')
      const stale = writer.request('k', { n: '2' }, { expect: { readAt: writer.state, generation, version: 7 } })
      const conflict = await writer.send(stale)
      assertEqual(conflict.status, 'conflict', 'a write that expects version 7')
      for (let n = 0; n < 6; n++) await writer.write('k', { n: String(10 + n) })
      const repeated = await writer.send(stale)
      assertEqual(
        withoutState(repeated),
        withoutState(conflict),
        'the answer to a repeated conflict whose precondition now holds',
      )
      const rebuilt = { ...stale, op: { ...stale.op, attempt: 2 }, expect: await writer.expectation('k') }
      const committedResult = expectCommitted(await writer.send(rebuilt), 'the second attempt after a conflict')
      for (const attempt of [1, 2, 3]) {
        const answer = await writer.send({ ...stale, op: { ...stale.op, attempt } })
        assertEqual(
          withoutState(answer),
          withoutState(committedResult),
          `the answer to attempt ${attempt} after the second one was committed`,
        )
      }
      const removal = writer.request('k', { missing: undefined })
      const unchanged = await writer.send(removal)
      assertEqual(unchanged.status, 'unchanged', 'the removal of an absent field')
      await writer.write('k', { missing: '1' })
      assertEqual(
        withoutState(await writer.send(removal)),
        withoutState(unchanged),
        'the answer to a repeated `unchanged` that would now have an effect',
      )
    },
  },
  {
    id: 'STORE-OP-02',
    level: 'MUST',
    statement: 'A commit whose operation id is older than the op memory is answered `op-expired` and never executed.',
    hint: 'Count results per section, and compare `idOrigin.opResultCount` with the number of the oldest remembered result.',
    skip: ({ harness }) =>
      harness.limits?.maxOpResults ? undefined : 'the harness does not declare limits.maxOpResults',
    async run(context) {
      const { maxOpResults = 0 } = context.harness.limits ?? {}
      const writer = await context.writer()
      await writer.write('k', { n: '1' })
      const old = writer.request('k', { n: '"old"' })
      for (let n = 0; n < maxOpResults * 2; n += 50)
        await writer.sendAll(Array.from({ length: 50 }, (_, at) => writer.request('other', { n: String(n + at) })))
      const result = await writer.send(old)
      assertEqual(result.status, 'op-expired', 'a write whose operation id is older than the op memory')
      assertEqual(await writer.value('k'), { n: 1 }, 'the document after a write with an expired operation id')
    },
  },
  {
    id: 'STORE-OP-03',
    level: 'MUST',
    statement:
      'The result of an idempotency key is remembered by document and time, regardless of which client repeats the key.',
    hint: 'Keep these results under their document, apart from the counted op memory.',
    async run(context) {
      const writer = await context.writer()
      const { epoch, opResultCount } = writer.state
      const op = { id: 'order-4711', attempt: 1, idOrigin: { epoch, opResultCount }, isCallerGiven: true }
      const first = await writer.send(writer.request('k', { n: '1' }, { op }))
      expectCommitted(first, 'a write with an idempotency key')
      for (let n = 0; n < 20; n++) await writer.write('other', { n: String(n) })
      const later = await context.writer({ store: await context.open(), section: writer.section })
      const again = await later.send(later.request('k', { n: '99' }, { op: { ...op, idOrigin: later.state } }))
      assertEqual(
        withoutState(again),
        withoutState(first),
        'the answer to an idempotency key that another writer repeats',
      )
      const sibling = expectCommitted(
        await later.send(later.request('k2', { n: '1' }, { op })),
        'the same idempotency key for another document',
      )
      assertEqual(sibling.version, 1, 'the version of another document after a write with the same idempotency key')
    },
  },
  {
    id: 'STORE-ST-18',
    level: 'MUST',
    statement:
      'Each request of a group is independent: a conflict, an error or an invalid value of one does not affect the others.',
    hint: 'Catch errors per request, and answer each one. A script must not fail halfway.',
    async run(context) {
      const [one, two] = [await context.writer(), await context.writer()]
      const { generation } = await one.write('old', { n: '1' })
      const stale = { readAt: one.state, generation, version: 9 }
      const group = [
        one.request('a', { n: '1' }),
        one.request('old', { n: '2' }, { expect: stale }),
        two.request('a', { n: '2' }),
        one.request('', { n: '1' }),
        one.request('b', { n: '3' }, { ttl: -1 }),
        two.request('missing', { n: '4' }, { allowCreate: false }),
        one.request('c', { n: '5' }),
      ]
      const results = await one.sendAll(group)
      assertEqual(
        results.map(({ status }) => status),
        ['committed', 'conflict', 'committed', 'failed', 'failed', 'conflict', 'committed'],
        'the answers to a group with failing requests',
      )
      assertEqual(
        [await one.value('a'), await one.value('c'), await two.value('a')],
        [{ n: 1 }, { n: 5 }, { n: 2 }],
        'the documents after a group with failing requests',
      )
    },
  },
  {
    id: 'STORE-ST-23',
    level: 'MUST',
    statement: 'A group is answered in request order, and its requests to one document are executed in that order.',
    hint: 'Answer by index, even if the group was split by slot or server.',
    async run(context) {
      const [one, two] = [await context.writer(), await context.writer()]
      const group = Array.from({ length: 30 }, (_, n) =>
        (n % 2 === 0 ? one : two).request(`k${n % 5}`, { n: String(n) }),
      )
      const results = await one.sendAll(group)
      for (const [at, result] of results.entries()) {
        const { change } = expectCommitted(result, `request ${at} of a group`)
        assertEqual(
          [change.key, change.origin],
          [group[at]?.ref.key, group[at]?.origin],
          `key and origin in the answer to request ${at} of a group`,
        )
        assertThat(
          change.text.includes(`0,${at}]`),
          `the answer to request ${at} of a group has another request's change: ${change.text}`,
        )
      }
      for (let n = 20; n < 30; n++)
        assertEqual(await (n % 2 === 0 ? one : two).value(`k${n % 5}`), { n }, `the document k${n % 5} after the group`)
    },
  },
  {
    id: 'STORE-ST-24',
    level: 'MUST',
    statement: 'A repeated group executes each of its requests once, and a retry may combine the requests freely.',
    hint: 'The operation id belongs to the request, not to the group.',
    async run(context) {
      const writer = await context.writer()
      const group = Array.from({ length: 6 }, (_, n) => writer.request(`k${n}`, { n: String(n) }))
      const first = await writer.sendAll(group)
      const again = await writer.sendAll([...group.slice(3), writer.request('new', { n: '1' }), ...group.slice(0, 3)])
      const answers = (results: readonly CommitResult[]) => results.map(withoutState)
      const expected = answers(first)
      assertEqual(
        answers(again.filter((_, at) => at !== 3)),
        [...expected.slice(3), ...expected.slice(0, 3)],
        'the answers to the repeated requests of a group',
      )
      assertEqual((await writer.catchUp()).sequence, 7, 'the sequence after repeating the requests of a group')
    },
  },
  {
    id: 'STORE-ST-19',
    level: 'MUST',
    statement: 'A delayed copy of a write never overwrites a later one.',
    hint: 'Never execute an answered operation id again, regardless of how late its copy arrives.',
    async run(context) {
      const writer = await context.writer()
      const other = await context.writer({ store: await context.open(), section: writer.section })
      const write = writer.request('k', { n: '1' })
      const deletion = writer.request('k', {}, { action: 'delete' })
      await writer.send(write)
      await other.write('k', { n: '2' })
      await writer.send(write)
      assertEqual(await writer.value('k'), { n: 2 }, 'the document after a late copy of an older write')
      await other.catchUp()
      await writer.send(deletion)
      await other.write('k', { n: '3' })
      await writer.send(deletion)
      assertEqual(await writer.value('k'), { n: 3 }, 'the document after a late copy of an older delete')
    },
  },
  {
    id: 'STORE-DEF-01',
    level: 'MUST',
    statement:
      "A section records its writers' definition, returns it with every answer, and rejects a writer with another `subscribeBy`.",
    hint: "The first commit fixes `subscribeBy`: answer another value with 'definition-mismatch', without executing it. The digest is that of the last commit.",
    async run(context) {
      const writer = await context.writer()
      assertEqual(writer.state.definition, undefined, 'the definition of a section without commits')
      const withDefinition = (subscribeBy: 'section' | 'document', digest: string) => ({
        definition: { subscribeBy, digest },
      })
      const first = await writer.write('k', { n: '1' }, withDefinition('document', 'one'))
      assertEqual(
        first.state.definition,
        { subscribeBy: 'document', digest: 'one' },
        'the definition after the first commit',
      )
      const rejected = await writer.send(writer.request('k', { n: '2' }, withDefinition('section', 'two')))
      assertEqual(rejected.status, 'definition-mismatch', 'a write with another `subscribeBy`')
      assertEqual(await writer.value('k'), { n: 1 }, 'the document after a write with another `subscribeBy`')
      const other = await writer.write('k', { n: '3' }, withDefinition('document', 'three'))
      assertEqual(
        other.state.definition,
        { subscribeBy: 'document', digest: 'three' },
        'the definition after a commit with another digest',
      )
      await writer.write('k', { n: '4' })
      const definitions = [
        (await writer.catchUp()).definition,
        (await writer.load('k')).state.definition,
        (await context.store.changesSince(writer.section, { epoch: writer.state.epoch, sequence: 0 }, 1)).state
          .definition,
      ]
      for (const each of definitions)
        assertEqual(
          each,
          { subscribeBy: 'document', digest: 'three' },
          'the definition in the answers of heads, load and changesSince',
        )
    },
  },
  {
    id: 'STORE-DAT-05',
    level: 'MUST',
    statement:
      'A commit of `maxCommitBytes` succeeds; one byte more is answered `failed` with SYNC_LIMIT, and the rest of its group is unaffected.',
    hint: 'Measure the field texts in bytes before anything is sent.',
    async run(context) {
      const writer = await context.writer()
      const { maxCommitBytes } = context.capabilities
      const text = (bytes: number): string => JSON.stringify('x'.repeat(bytes - 2))
      for (const bytes of [2, 3, 1_000, maxCommitBytes]) {
        await writer.write('k', { f: text(bytes) })
        assertEqual(
          (await writer.load('k')).document?.text.length,
          bytes + 6,
          `the length of a document with a field of ${bytes} bytes`,
        )
      }
      const [small, large] = await writer.sendAll([
        writer.request('a', { f: '1' }),
        writer.request('b', { f: text(maxCommitBytes + 1) }),
      ])
      assertEqual(small?.status, 'committed', 'a small write in a group with an oversized one')
      assertThat(
        large?.status === 'failed' && large.error.code === 'SYNC_LIMIT',
        () =>
          `a write of maxCommitBytes + 1: expected 'failed' with SYNC_LIMIT, got ${format(large && withoutState(large))}`,
      )
    },
  },
]
