import type { CommitResult } from '@sync/core/adapter'
import { demand, demandEqual, show } from '../../judge/violation.ts'
import { committed, type StoreStage, withoutStanding } from '../../stage/store-stage.ts'
import type { Rule } from '../rule.ts'

/** Op ids, and groups. */
export const operations: readonly Rule<StoreStage>[] = [
  {
    id: 'STORE-ST-12',
    level: 'MUST',
    sentence: 'The same op id twice is one commit, with one and the same answer.',
    hint: 'Remember every answer with all that makes its change, in the step that commits; ask that memory first.',
    async run(stage) {
      const writer = await stage.writer()
      const other = await stage.open()
      const request = writer.request('k', { n: '1' })
      const first = await writer.send(request)
      await writer.write('k', { n: '2' })
      const again = await writer.send(request)
      demandEqual(withoutStanding(again), withoutStanding(first), 'the answer to an op id that was sent again')
      const [elsewhere] = await stage.settled(other.commit([request]), 'commit')
      demandEqual(
        elsewhere && withoutStanding(elsewhere),
        withoutStanding(first),
        'the answer to an op id sent through another client',
      )
      demandEqual(await writer.value('k'), { n: 2 }, 'the document after an old write was sent again')
      demandEqual((await writer.catchUp()).sequence, 2, 'the sequence after an old write was sent again')
    },
  },
  {
    id: 'STORE-OP-01',
    level: 'MUST',
    sentence:
      'Conflicts and "nothing to do" are remembered too: a conflict answers the attempts up to its own, all else every attempt.',
    hint: 'Remember the attempt with the answer.',
    async run(stage) {
      const writer = await stage.writer()
      await writer.write('k', { n: '1' })
      const { generation } = await writer.expectation('k')
      const stale = writer.request('k', { n: '2' }, { expect: { readAt: writer.standing, generation, version: 7 } })
      const conflict = await writer.send(stale)
      demandEqual(conflict.status, 'conflict', 'a write that expects version 7')
      for (let n = 0; n < 6; n++) await writer.write('k', { n: String(10 + n) })
      const repeated = await writer.send(stale)
      demandEqual(
        withoutStanding(repeated),
        withoutStanding(conflict),
        'a conflict that was asked for again, though it would hold now',
      )
      const rebuilt = { ...stale, op: { ...stale.op, attempt: 2 }, expect: await writer.expectation('k') }
      const done = committed(await writer.send(rebuilt), 'the second attempt after a conflict')
      for (const attempt of [1, 2, 3]) {
        const answer = await writer.send({ ...stale, op: { ...stale.op, attempt } })
        demandEqual(
          withoutStanding(answer),
          withoutStanding(done),
          `the answer to attempt ${attempt} after the second was committed`,
        )
      }
      const nothing = writer.request('k', { nobody: undefined })
      const unchanged = await writer.send(nothing)
      demandEqual(unchanged.status, 'unchanged', 'the removal of a field that is not there')
      await writer.write('k', { nobody: '1' })
      demandEqual(
        withoutStanding(await writer.send(nothing)),
        withoutStanding(unchanged),
        '"unchanged" that was asked for again, though it would change something now',
      )
    },
  },
  {
    id: 'STORE-OP-02',
    level: 'MUST',
    sentence: 'An op id that is older than the memory is answered `forgotten`, and never executed.',
    hint: 'Count answers per section; compare `born.answers` with the number of the oldest one that is kept.',
    skip: ({ harness }) =>
      harness.limits?.maxAnswers ? undefined : 'the harness does not say how many answers are kept',
    async run(stage) {
      const { maxAnswers = 0 } = stage.harness.limits ?? {}
      const writer = await stage.writer()
      await writer.write('k', { n: '1' })
      const old = writer.request('k', { n: '"old"' })
      for (let n = 0; n < maxAnswers * 2; n += 50)
        await writer.sendAll(Array.from({ length: 50 }, (_, at) => writer.request('other', { n: String(n + at) })))
      const result = await writer.send(old)
      demandEqual(result.status, 'forgotten', 'a write whose id is older than the op memory')
      demandEqual(await writer.value('k'), { n: 1 }, 'the document after a forgotten write')
    },
  },
  {
    id: 'STORE-OP-03',
    level: 'MUST',
    sentence: 'An op id given by a caller is remembered by document and time, whoever sends it again.',
    hint: 'Kept ids live apart from the counted memory, under their document.',
    async run(stage) {
      const writer = await stage.writer()
      const { epoch, answers } = writer.standing
      const op = { id: 'order-4711', attempt: 1, born: { epoch, answers }, kept: true }
      const first = await writer.send(writer.request('k', { n: '1' }, { op }))
      committed(first, 'a write with an id of its caller')
      for (let n = 0; n < 20; n++) await writer.write('other', { n: String(n) })
      const later = await stage.writer({ store: await stage.open(), section: writer.section })
      const again = await later.send(later.request('k', { n: '99' }, { op: { ...op, born: later.standing } }))
      demandEqual(withoutStanding(again), withoutStanding(first), "the answer to a caller's op id from another writer")
      const sibling = committed(
        await later.send(later.request('k2', { n: '1' }, { op })),
        'the same id for another document',
      )
      demandEqual(sibling.version, 1, 'the version of another document under the same id')
    },
  },
  {
    id: 'STORE-ST-18',
    level: 'MUST',
    sentence: 'In a group each request stands alone: a conflict, an error, a bad value of one leaves the others.',
    hint: 'Catch per request; answer each. A script must not fail halfway.',
    async run(stage) {
      const [one, two] = [await stage.writer(), await stage.writer()]
      const { generation } = await one.write('old', { n: '1' })
      const wrong = { readAt: one.standing, generation, version: 9 }
      const group = [
        one.request('a', { n: '1' }),
        one.request('old', { n: '2' }, { expect: wrong }),
        two.request('a', { n: '2' }),
        one.request('', { n: '1' }),
        one.request('b', { n: '3' }, { ttl: -1 }),
        two.request('nobody', { n: '4' }, { create: false }),
        one.request('c', { n: '5' }),
      ]
      const results = await one.sendAll(group)
      demandEqual(
        results.map(({ status }) => status),
        ['committed', 'conflict', 'committed', 'failed', 'failed', 'conflict', 'committed'],
        'the answers to a group of which some cannot be served',
      )
      demandEqual(
        [await one.value('a'), await one.value('c'), await two.value('a')],
        [{ n: 1 }, { n: 5 }, { n: 2 }],
        'the documents after a mixed group',
      )
    },
  },
  {
    id: 'STORE-ST-23',
    level: 'MUST',
    sentence: 'A group is answered in its order, and carried out in it where one document is named twice.',
    hint: 'Answer by place, also if the group was split by slot or server.',
    async run(stage) {
      const [one, two] = [await stage.writer(), await stage.writer()]
      const group = Array.from({ length: 30 }, (_, n) =>
        (n % 2 === 0 ? one : two).request(`k${n % 5}`, { n: String(n) }),
      )
      const results = await one.sendAll(group)
      for (const [at, result] of results.entries()) {
        const { change } = committed(result, `request ${at} of a group`)
        demandEqual(
          [change.key, change.origin],
          [group[at]?.ref.key, group[at]?.origin],
          `the change answered to request ${at} of a group`,
        )
        demand(
          change.text.includes(`0,${at}]`),
          `request ${at} of a group was answered the change of another one: ${change.text}`,
        )
      }
      for (let n = 20; n < 30; n++)
        demandEqual(await (n % 2 === 0 ? one : two).value(`k${n % 5}`), { n }, `the document k${n % 5} after the group`)
    },
  },
  {
    id: 'STORE-ST-24',
    level: 'MUST',
    sentence: 'The same group sent twice is carried out once each; a retry may be composed freely from its members.',
    hint: "The id is the member's, not the group's.",
    async run(stage) {
      const writer = await stage.writer()
      const group = Array.from({ length: 6 }, (_, n) => writer.request(`k${n}`, { n: String(n) }))
      const first = await writer.sendAll(group)
      const again = await writer.sendAll([...group.slice(3), writer.request('new', { n: '1' }), ...group.slice(0, 3)])
      const answers = (results: readonly CommitResult[]) => results.map(withoutStanding)
      const expected = answers(first)
      demandEqual(
        answers(again.filter((_, at) => at !== 3)),
        [...expected.slice(3), ...expected.slice(0, 3)],
        'the answers to members of a group sent again',
      )
      demandEqual((await writer.catchUp()).sequence, 7, 'the sequence after the members were sent twice')
    },
  },
  {
    id: 'STORE-ST-19',
    level: 'MUST',
    sentence: 'A delayed copy of a write never undoes a later one.',
    hint: 'An answered op id is not executed again, however late its copy comes.',
    async run(stage) {
      const writer = await stage.writer()
      const other = await stage.writer({ store: await stage.open(), section: writer.section })
      const set = writer.request('k', { n: '1' })
      const gone = writer.request('k', {}, { action: 'delete' })
      await writer.send(set)
      await other.write('k', { n: '2' })
      await writer.send(set)
      demandEqual(await writer.value('k'), { n: 2 }, 'the document after a late copy of an older write')
      await other.catchUp()
      await writer.send(gone)
      await other.write('k', { n: '3' })
      await writer.send(gone)
      demandEqual(await writer.value('k'), { n: 3 }, 'the document after a late copy of an older delete')
    },
  },
  {
    id: 'STORE-DEF-01',
    level: 'MUST',
    sentence:
      'The section notes how its writers define it, tells it with every answer, and refuses a writer who follows otherwise.',
    hint: "`follow` is noted by the first commit and never changes: another one is answered 'definition', not executed. The digest is the last commit's.",
    async run(stage) {
      const writer = await stage.writer()
      demandEqual(writer.standing.definition, undefined, 'the definition of a section that nobody has defined')
      const by = (follow: 'section' | 'key', digest: string) => ({ definition: { follow, digest } })
      const first = await writer.write('k', { n: '1' }, by('key', 'one'))
      demandEqual(first.standing.definition, { follow: 'key', digest: 'one' }, 'the definition after the first commit')
      const refused = await writer.send(writer.request('k', { n: '2' }, by('section', 'two')))
      demandEqual(refused.status, 'definition', 'a write that is followed otherwise')
      demandEqual(await writer.value('k'), { n: 1 }, 'the document after a write that is followed otherwise')
      const other = await writer.write('k', { n: '3' }, by('key', 'three'))
      demandEqual(
        other.standing.definition,
        { follow: 'key', digest: 'three' },
        'the definition after a commit with another digest',
      )
      await writer.write('k', { n: '4' })
      const told = [
        (await writer.catchUp()).definition,
        (await writer.load('k')).standing.definition,
        (await stage.store.changesSince(writer.section, { epoch: writer.standing.epoch, sequence: 0 }, 1)).standing
          .definition,
      ]
      for (const each of told)
        demandEqual(each, { follow: 'key', digest: 'three' }, 'the definition told by heads, load and log')
    },
  },
  {
    id: 'STORE-DAT-05',
    level: 'MUST',
    sentence:
      'A commit of `maxCommitBytes` is taken; one byte more is answered `failed` with SYNC_LIMIT, and the others of its group stand.',
    hint: 'Measure the field texts in bytes before anything is sent.',
    async run(stage) {
      const writer = await stage.writer()
      const { maxCommitBytes } = stage.capabilities
      const text = (bytes: number): string => JSON.stringify('x'.repeat(bytes - 2))
      for (const bytes of [2, 3, 1_000, maxCommitBytes]) {
        await writer.write('k', { f: text(bytes) })
        demandEqual(
          (await writer.load('k')).document?.text.length,
          bytes + 6,
          `the length of a document with ${bytes} bytes in its field`,
        )
      }
      const [small, large] = await writer.sendAll([
        writer.request('a', { f: '1' }),
        writer.request('b', { f: text(maxCommitBytes + 1) }),
      ])
      demandEqual(small?.status, 'committed', 'a small write beside one that is too large')
      demand(
        large?.status === 'failed' && large.error.code === 'SYNC_LIMIT',
        () => `a write of maxCommitBytes + 1: ${show(large && withoutStanding(large))}`,
      )
    },
  },
]
