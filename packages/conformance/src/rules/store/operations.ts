import type { CommitResult } from '@sync/core/adapter'
import { assertEqual, assertThat, format } from '../../checkers/assertions.ts'
import { expectCommitted, type StoreTestContext, withoutState } from '../../context/store-test-context.ts'
import type { Rule } from '../rule.ts'

/** Op ids, and groups. */
export const operations: readonly Rule<StoreTestContext>[] = [
  {
    id: 'STORE-ST-12',
    level: 'MUST',
    statement: 'The same op id twice is one commit, with one and the same answer.',
    hint: 'Remember every answer with all that makes its change, in the step that commits; ask that memory first.',
    async run(context) {
      const writer = await context.writer()
      const other = await context.open()
      const request = writer.request('k', { n: '1' })
      const first = await writer.send(request)
      await writer.write('k', { n: '2' })
      const again = await writer.send(request)
      assertEqual(withoutState(again), withoutState(first), 'the answer to an op id that was sent again')
      const [fromOtherClient] = await context.withTimeout(other.commit([request]), 'commit')
      assertEqual(
        fromOtherClient && withoutState(fromOtherClient),
        withoutState(first),
        'the answer to an op id sent through another client',
      )
      assertEqual(await writer.value('k'), { n: 2 }, 'the document after an old write was sent again')
      assertEqual((await writer.catchUp()).sequence, 2, 'the sequence after an old write was sent again')
    },
  },
  {
    id: 'STORE-OP-01',
    level: 'MUST',
    statement:
      'Conflicts and "nothing to do" are remembered too: a conflict answers the attempts up to its own, all else every attempt.',
    hint: 'Remember the attempt with the answer.',
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
        'a conflict that was asked for again, though it would hold now',
      )
      const rebuilt = { ...stale, op: { ...stale.op, attempt: 2 }, expect: await writer.expectation('k') }
      const committedResult = expectCommitted(await writer.send(rebuilt), 'the second attempt after a conflict')
      for (const attempt of [1, 2, 3]) {
        const answer = await writer.send({ ...stale, op: { ...stale.op, attempt } })
        assertEqual(
          withoutState(answer),
          withoutState(committedResult),
          `the answer to attempt ${attempt} after the second was committed`,
        )
      }
      const nothing = writer.request('k', { nobody: undefined })
      const unchanged = await writer.send(nothing)
      assertEqual(unchanged.status, 'unchanged', 'the removal of a field that is not there')
      await writer.write('k', { nobody: '1' })
      assertEqual(
        withoutState(await writer.send(nothing)),
        withoutState(unchanged),
        '"unchanged" that was asked for again, though it would change something now',
      )
    },
  },
  {
    id: 'STORE-OP-02',
    level: 'MUST',
    statement: 'An op id that is older than the memory is answered `forgotten`, and never executed.',
    hint: 'Count answers per section; compare `born.answers` with the number of the oldest one that is kept.',
    skip: ({ harness }) =>
      harness.limits?.maxOpResults ? undefined : 'the harness does not say how many answers are kept',
    async run(context) {
      const { maxOpResults = 0 } = context.harness.limits ?? {}
      const writer = await context.writer()
      await writer.write('k', { n: '1' })
      const old = writer.request('k', { n: '"old"' })
      for (let n = 0; n < maxOpResults * 2; n += 50)
        await writer.sendAll(Array.from({ length: 50 }, (_, at) => writer.request('other', { n: String(n + at) })))
      const result = await writer.send(old)
      assertEqual(result.status, 'op-expired', 'a write whose id is older than the op memory')
      assertEqual(await writer.value('k'), { n: 1 }, 'the document after a forgotten write')
    },
  },
  {
    id: 'STORE-OP-03',
    level: 'MUST',
    statement: 'An op id given by a caller is remembered by document and time, whoever sends it again.',
    hint: 'Kept ids live apart from the counted memory, under their document.',
    async run(context) {
      const writer = await context.writer()
      const { epoch, opResultCount } = writer.state
      const op = { id: 'order-4711', attempt: 1, idOrigin: { epoch, opResultCount }, isCallerGiven: true }
      const first = await writer.send(writer.request('k', { n: '1' }, { op }))
      expectCommitted(first, 'a write with an id of its caller')
      for (let n = 0; n < 20; n++) await writer.write('other', { n: String(n) })
      const later = await context.writer({ store: await context.open(), section: writer.section })
      const again = await later.send(later.request('k', { n: '99' }, { op: { ...op, idOrigin: later.state } }))
      assertEqual(withoutState(again), withoutState(first), "the answer to a caller's op id from another writer")
      const sibling = expectCommitted(
        await later.send(later.request('k2', { n: '1' }, { op })),
        'the same id for another document',
      )
      assertEqual(sibling.version, 1, 'the version of another document under the same id')
    },
  },
  {
    id: 'STORE-ST-18',
    level: 'MUST',
    statement: 'In a group each request stands alone: a conflict, an error, a bad value of one leaves the others.',
    hint: 'Catch per request; answer each. A script must not fail halfway.',
    async run(context) {
      const [one, two] = [await context.writer(), await context.writer()]
      const { generation } = await one.write('old', { n: '1' })
      const wrong = { readAt: one.state, generation, version: 9 }
      const group = [
        one.request('a', { n: '1' }),
        one.request('old', { n: '2' }, { expect: wrong }),
        two.request('a', { n: '2' }),
        one.request('', { n: '1' }),
        one.request('b', { n: '3' }, { ttl: -1 }),
        two.request('nobody', { n: '4' }, { allowCreate: false }),
        one.request('c', { n: '5' }),
      ]
      const results = await one.sendAll(group)
      assertEqual(
        results.map(({ status }) => status),
        ['committed', 'conflict', 'committed', 'failed', 'failed', 'conflict', 'committed'],
        'the answers to a group of which some cannot be served',
      )
      assertEqual(
        [await one.value('a'), await one.value('c'), await two.value('a')],
        [{ n: 1 }, { n: 5 }, { n: 2 }],
        'the documents after a mixed group',
      )
    },
  },
  {
    id: 'STORE-ST-23',
    level: 'MUST',
    statement: 'A group is answered in its order, and carried out in it where one document is named twice.',
    hint: 'Answer by place, also if the group was split by slot or server.',
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
          `the change answered to request ${at} of a group`,
        )
        assertThat(
          change.text.includes(`0,${at}]`),
          `request ${at} of a group was answered the change of another one: ${change.text}`,
        )
      }
      for (let n = 20; n < 30; n++)
        assertEqual(await (n % 2 === 0 ? one : two).value(`k${n % 5}`), { n }, `the document k${n % 5} after the group`)
    },
  },
  {
    id: 'STORE-ST-24',
    level: 'MUST',
    statement: 'The same group sent twice is carried out once each; a retry may be composed freely from its members.',
    hint: "The id is the member's, not the group's.",
    async run(context) {
      const writer = await context.writer()
      const group = Array.from({ length: 6 }, (_, n) => writer.request(`k${n}`, { n: String(n) }))
      const first = await writer.sendAll(group)
      const again = await writer.sendAll([...group.slice(3), writer.request('new', { n: '1' }), ...group.slice(0, 3)])
      const opResultCount = (results: readonly CommitResult[]) => results.map(withoutState)
      const expected = opResultCount(first)
      assertEqual(
        opResultCount(again.filter((_, at) => at !== 3)),
        [...expected.slice(3), ...expected.slice(0, 3)],
        'the answers to members of a group sent again',
      )
      assertEqual((await writer.catchUp()).sequence, 7, 'the sequence after the members were sent twice')
    },
  },
  {
    id: 'STORE-ST-19',
    level: 'MUST',
    statement: 'A delayed copy of a write never undoes a later one.',
    hint: 'An answered op id is not executed again, however late its copy comes.',
    async run(context) {
      const writer = await context.writer()
      const other = await context.writer({ store: await context.open(), section: writer.section })
      const set = writer.request('k', { n: '1' })
      const gone = writer.request('k', {}, { action: 'delete' })
      await writer.send(set)
      await other.write('k', { n: '2' })
      await writer.send(set)
      assertEqual(await writer.value('k'), { n: 2 }, 'the document after a late copy of an older write')
      await other.catchUp()
      await writer.send(gone)
      await other.write('k', { n: '3' })
      await writer.send(gone)
      assertEqual(await writer.value('k'), { n: 3 }, 'the document after a late copy of an older delete')
    },
  },
  {
    id: 'STORE-DEF-01',
    level: 'MUST',
    statement:
      'The section notes how its writers define it, tells it with every answer, and refuses a writer who follows otherwise.',
    hint: "`subscribeBy` is noted by the first commit and never changes: another one is answered 'definition-mismatch', not executed. The digest is the last commit's.",
    async run(context) {
      const writer = await context.writer()
      assertEqual(writer.state.definition, undefined, 'the definition of a section that nobody has defined')
      const withDefinition = (subscribeBy: 'section' | 'document', digest: string) => ({
        definition: { subscribeBy, digest },
      })
      const first = await writer.write('k', { n: '1' }, withDefinition('document', 'one'))
      assertEqual(
        first.state.definition,
        { subscribeBy: 'document', digest: 'one' },
        'the definition after the first commit',
      )
      const refused = await writer.send(writer.request('k', { n: '2' }, withDefinition('section', 'two')))
      assertEqual(refused.status, 'definition-mismatch', 'a write that is followed otherwise')
      assertEqual(await writer.value('k'), { n: 1 }, 'the document after a write that is followed otherwise')
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
        assertEqual(each, { subscribeBy: 'document', digest: 'three' }, 'the definition told by heads, load and log')
    },
  },
  {
    id: 'STORE-DAT-05',
    level: 'MUST',
    statement:
      'A commit of `maxCommitBytes` is taken; one byte more is answered `failed` with SYNC_LIMIT, and the others of its group stand.',
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
          `the length of a document with ${bytes} bytes in its field`,
        )
      }
      const [small, large] = await writer.sendAll([
        writer.request('a', { f: '1' }),
        writer.request('b', { f: text(maxCommitBytes + 1) }),
      ])
      assertEqual(small?.status, 'committed', 'a small write beside one that is too large')
      assertThat(
        large?.status === 'failed' && large.error.code === 'SYNC_LIMIT',
        () => `a write of maxCommitBytes + 1: ${format(large && withoutState(large))}`,
      )
    },
  },
]
