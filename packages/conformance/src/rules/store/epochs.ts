import { assertEqual, assertRejects, assertThat } from '../../checkers/assertions.ts'
import { expectCommitted, type StoreTestContext, withoutState } from '../../context/store-test-context.ts'
import type { StoreFaults } from '../../harness/harness.ts'
import type { Rule } from '../rule.ts'

const requiresFaults =
  (...names: readonly (keyof StoreFaults)[]) =>
  ({ harness: { faults } }: StoreTestContext): string | undefined => {
    const missing = names.filter((name) => !faults?.[name])
    return missing.length === 0 ? undefined : `the harness cannot ${missing.join(', ')}`
  }

/** What becomes of history when the server does. */
export const epochs: readonly Rule<StoreTestContext>[] = [
  {
    id: 'STORE-ST-20',
    level: 'MUST',
    statement:
      'Whoever was shown more than there is makes the store begin a new epoch; whoever was not raises no alarm.',
    hint: 'Compare `shown` with the sequence in the step that answers, in the same epoch only.',
    async run(context) {
      const writer = await context.writer()
      for (let n = 0; n < 3; n++) await writer.write('k', { n: String(n) })
      const { epoch } = writer.state
      const stateAfterShown = async (highestSeen: { epoch: string; sequence: number }) => {
        const [head] = await context.withTimeout(context.store.heads([{ scope: writer.section, highestSeen }]), 'heads')
        assertThat(head, 'no head')
        return head.state
      }
      for (const shown of [
        { epoch, sequence: 0 },
        { epoch, sequence: 3 },
        { epoch: 'unheard-of', sequence: 99 },
      ])
        assertEqual(
          (await stateAfterShown(shown)).epoch,
          epoch,
          `the epoch after somebody was shown ${JSON.stringify(shown)} of 3`,
        )
      const minted = await stateAfterShown({ epoch, sequence: 4 })
      assertThat(minted.epoch !== epoch, 'the epoch after somebody was shown 4 of 3 is still the same')
      assertEqual(minted.sequence, 3, 'the sequence at the mint')
      const parent = minted.ancestors.at(-1)
      assertThat(
        parent?.epoch === epoch && parent.sequence === 3,
        () => `the new epoch has no parent: its lineage is ${JSON.stringify(minted.ancestors)}`,
      )
      assertEqual(
        (await stateAfterShown({ epoch, sequence: 4 })).epoch,
        minted.epoch,
        'the epoch when the same is shown again: no second alarm',
      )
    },
  },
  {
    id: 'STORE-EPO-01',
    level: 'MUST',
    statement: 'A commit of another epoch is refused and nothing of it done; known op ids are answered first.',
    hint: 'Ask the op memory, then compare epochs, then execute.',
    async run(context) {
      const writer = await context.writer()
      const known = writer.request('k', { n: '1' })
      const first = await writer.send(known)
      const late = writer.request('k', { n: '"late"' })
      const { epoch } = writer.state
      await context.store.heads([{ scope: writer.section, highestSeen: { epoch, sequence: 99 } }])
      const refused = await writer.send(late)
      assertEqual(refused.status, 'stale-epoch', 'a commit whose writer is in an older epoch')
      assertEqual(await writer.value('k'), { n: 1 }, 'the document after a commit of an older epoch')
      assertEqual(
        withoutState(await writer.send(known)),
        withoutState(first),
        'a known op id after a mint: the op memory survives it',
      )
      const caughtUp = { ...late, epoch: writer.state.epoch }
      expectCommitted(await writer.send(caughtUp), 'the refused commit, sent again in the new epoch under the same id')
    },
  },
  {
    id: 'STORE-EPO-02',
    level: 'MUST',
    statement:
      'An expectation counts if it was read at or below the fork, and not if it was read beyond it or in an unknown epoch.',
    hint: 'Look `readAt` up in the lineage.',
    async run(context) {
      const writer = await context.writer()
      const { generation } = await writer.write('k', { n: '1' })
      const { epoch } = writer.state
      await context.store.heads([{ scope: writer.section, highestSeen: { epoch, sequence: 99 } }])
      await writer.catchUp()
      const statusOf = async (readAt: { epoch: string; sequence: number }, n: number) =>
        (await writer.send(writer.request('k', { n: String(n) }, { expect: { readAt, generation } }))).status
      assertEqual(
        await statusOf({ epoch, sequence: 2 }, 2),
        'conflict',
        'an expectation read in an ancestor beyond its fork',
      )
      assertEqual(
        await statusOf({ epoch: 'unheard-of', sequence: 1 }, 3),
        'conflict',
        'an expectation read in an unknown epoch',
      )
      assertEqual(
        await statusOf({ epoch, sequence: 1 }, 4),
        'committed',
        'an expectation read in an ancestor below its fork',
      )
    },
  },
  {
    id: 'STORE-EPO-03',
    level: 'MUST',
    statement:
      'The log after a place of an ancestor goes on below the fork, and says `unknown-position` beyond it or in an unknown epoch.',
    hint: 'Judge the place by the lineage; changes count as of the epoch of the answer.',
    async run(context) {
      const writer = await context.writer()
      for (let n = 0; n < 4; n++) await writer.write('k', { n: String(n) })
      const { epoch } = writer.state
      await context.store.heads([{ scope: writer.section, highestSeen: { epoch, sequence: 99 } }])
      const now = await writer.catchUp()
      await writer.write('k', { n: '4' })
      const page = await context.withTimeout(
        context.store.changesSince(writer.section, { epoch, sequence: 2 }, 100),
        'changesSince',
      )
      assertEqual(
        [
          page.status,
          page.changes.map(({ sequence }) => sequence),
          [...new Set(page.changes.map((change) => change.epoch))],
        ],
        ['page', [3, 4, 5], [now.epoch]],
        'the log after 2 of the parent epoch: status, sequences, epochs',
      )
      for (const position of [
        { epoch, sequence: 5 },
        { epoch: 'unheard-of', sequence: 1 },
      ]) {
        const { status } = await context.withTimeout(
          context.store.changesSince(writer.section, position, 100),
          'changesSince',
        )
        assertEqual(status, 'unknown-position', `the log after ${JSON.stringify(position)}, beyond the fork at 4`)
      }
    },
  },
  {
    id: 'STORE-FLT-01',
    level: 'MUST',
    statement:
      'While the server is away calls reject, retryable, with what is known of the write; afterwards everything works.',
    hint: "StoreUnavailableError: `committed: 'unknown'` for a commit that may have been sent, `'no'` for reads.",
    skip: requiresFaults('kill', 'restart'),
    async run(context) {
      const writer = await context.writer()
      await writer.write('k', { n: '1' })
      await context.harness.faults?.kill?.()
      const what = 'while the server is away'
      const timeout = context.stateTimeout * 4
      const read = await assertRejects(
        context.withTimeout(context.store.load([writer.ref('k')]), `load ${what}`, timeout),
        `load ${what}`,
      )
      const write = await assertRejects(
        context.withTimeout(context.store.commit([writer.request('k', { n: '2' })]), `commit ${what}`, timeout),
        `commit ${what}`,
      )
      for (const error of [read, write])
        assertThat(error.retryable, `${error.code} ${what} does not say that a retry may help`)
      assertEqual(write.committed, 'unknown', `what is known of a commit ${what}`)
      await context.harness.faults?.restart?.()
      await context.waitUntil(
        async () => (await context.store.heads([{ scope: writer.section }]).catch(() => [])).length > 0,
        'the store does not answer after the restart',
        timeout,
      )
      await writer.catchUp()
      await writer.write('k', { n: '3' })
    },
  },
  {
    id: 'STORE-FLT-09',
    level: 'MUST',
    statement: 'After a lost reply the same commit sent again counts once, and gets the answer it would have got.',
    hint: 'Switch off what the client sends again by itself, or rely on the op id alone.',
    skip: requiresFaults('loseReplies'),
    async run(context) {
      const writer = await context.writer()
      await writer.write('k', { n: '1' })
      const group = [writer.request('k', { n: '2' }), writer.request('other', { n: '1' })]
      await context.harness.faults?.loseReplies?.(1)
      const lost = await context.withTimeout(
        context.store.commit(group).then(
          () => undefined,
          (error: { committed?: string }) => error,
        ),
        'a commit whose reply is lost',
        context.stateTimeout * 4,
      )
      assertEqual(lost?.committed, 'unknown', 'what is known of a commit whose reply was lost')
      const results = await writer.sendAll(group)
      assertEqual(
        results.map((result) => result.status === 'committed' && result.version),
        [2, 1],
        'the versions answered to the repeated group',
      )
      assertEqual(
        (await writer.catchUp()).sequence,
        3,
        'the sequence after a commit whose reply was lost was sent again',
      )
    },
  },
  {
    id: 'STORE-FLT-11',
    level: 'MUST',
    statement:
      'When the tail is lost the epoch changes, its fork is where common history ends, and a late write of the lost part is refused.',
    hint: 'Compare the identity of the server in every call, in the same step: it is new at every start.',
    skip: requiresFaults('loseTail'),
    async run(context) {
      const writer = await context.writer()
      const reader = await context.writer({ store: await context.open(), section: writer.section })
      for (let n = 1; n <= 5; n++) await writer.write('k', { n: String(n) })
      const { epoch } = writer.state
      const lost = writer.request('k', { n: '6' })
      await writer.send(lost)
      await context.harness.faults?.loseTail?.(2)
      const { document, state } = await reader.load('k')
      assertThat(state.epoch !== epoch, 'the tail was lost, but the first call afterwards tells the same epoch')
      assertEqual(
        [state.ancestors.at(-1)?.epoch, state.ancestors.at(-1)?.sequence],
        [epoch, 4],
        'parent and fork after the last two of six commits were lost',
      )
      assertEqual([document?.version, state.sequence], [4, 4], 'version and sequence after the loss')
      assertEqual((await writer.send(lost)).status, 'stale-epoch', 'a copy of a lost write in its old epoch')
      const page = await context.withTimeout(
        context.store.changesSince(writer.section, { epoch, sequence: 6 }, 10),
        'changesSince',
      )
      assertEqual(page.status, 'unknown-position', 'the log after a place that was lost')
      assertEqual((await writer.write('k', { n: '7' })).change.sequence, 5, 'the sequence of the next commit')
    },
  },
  {
    id: 'STORE-FLT-12',
    level: 'MUST',
    statement:
      'A restart that loses nothing keeps documents, log and op memory, under a new epoch whose fork is the head.',
    hint: 'Keep the op memory and the log over a mint.',
    skip: (context) => requiresFaults('kill', 'restart')(context),
    async run(context) {
      const writer = await context.writer()
      const request = writer.request('k', { n: '1' })
      const first = await writer.send(request)
      await writer.write('k', { n: '2' })
      const { epoch } = writer.state
      await context.harness.faults?.kill?.()
      await context.harness.faults?.restart?.()
      await context.waitUntil(
        async () => (await context.store.heads([{ scope: writer.section }]).catch(() => [])).length > 0,
        'the store does not answer after the restart',
        context.stateTimeout * 4,
      )
      const standing = await writer.catchUp()
      assertThat(standing.epoch !== epoch, 'the server was started again, but the epoch is the same')
      assertEqual(
        [standing.ancestors.at(-1)?.epoch, standing.ancestors.at(-1)?.sequence, standing.sequence],
        [epoch, 2, 2],
        'parent, fork and sequence after a restart',
      )
      assertEqual(await writer.value('k'), { n: 2 }, 'the document after a restart')
      assertEqual((await writer.log(0)).length, 2, 'changes in the log after a restart')
      assertEqual(withoutState(await writer.send(request)), withoutState(first), 'a known op id after a restart')
    },
  },
  {
    id: 'STORE-FLT-13',
    level: 'MUST',
    statement: 'A fail-over begins a new epoch, and so does the fail-back to a server that was promoted before.',
    hint: 'The identity has to be new at every promotion: a node id is not enough.',
    skip: requiresFaults('failOver', 'failBack'),
    async run(context) {
      const writer = await context.writer()
      await writer.write('k', { n: '1' })
      const seen = [writer.state.epoch]
      for (const move of [
        context.harness.faults?.failOver,
        context.harness.faults?.failBack,
        context.harness.faults?.failOver,
      ]) {
        await move?.()
        await context.waitUntil(
          async () => (await context.store.heads([{ scope: writer.section }]).catch(() => [])).length > 0,
          'the store does not answer after a fail-over',
          context.stateTimeout * 4,
        )
        const { epoch } = await writer.catchUp()
        assertThat(
          !seen.includes(epoch),
          `another server took over, but the epoch is ${seen.indexOf(epoch) === seen.length - 1 ? 'the same' : 'one from before'}`,
        )
        seen.push(epoch)
        await writer.write('k', { n: String(seen.length) })
      }
    },
  },
  {
    id: 'STORE-ST-21',
    level: 'MUST',
    statement:
      'When the counters of a section are lost while documents live, an epoch without parent begins above every generation.',
    hint: 'Counters must not expire or be evicted before their documents; if they are missing, say so by a new epoch.',
    skip: requiresFaults('loseCounters'),
    async run(context) {
      const writer = await context.writer()
      for (let n = 1; n <= 5; n++) await writer.write('k', { n: String(n) })
      await writer.write('young', { n: '1' })
      const { epoch } = writer.state
      await context.harness.faults?.loseCounters?.(writer.section)
      const standing = await writer.catchUp()
      assertThat(standing.epoch !== epoch, 'the counters were lost, but the epoch is the same')
      assertEqual(standing.ancestors.length, 0, 'parents of an epoch that began without counters')
      const { document } = await writer.load('young')
      const created = await writer.write('newer', { n: '1' })
      assertThat(
        created.generation > (document?.generation ?? 0),
        `a new document has generation ${created.generation}, an old one ${document?.generation}`,
      )
    },
  },
]
