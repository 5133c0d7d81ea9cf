import { assertEqual, assertRejects, assertThat } from '../../checkers/assertions.ts'
import { expectCommitted, type StoreTestContext, withoutState } from '../../context/store-test-context.ts'
import type { StoreFaults } from '../../harness/harness.ts'
import type { Rule } from '../rule.ts'

const requiresFaults =
  (...names: readonly (keyof StoreFaults)[]) =>
  ({ harness: { faults } }: StoreTestContext): string | undefined => {
    const missing = names.filter((name) => !faults?.[name])
    return missing.length === 0 ? undefined : `the harness lacks the faults ${missing.join(', ')}`
  }

/** Epochs, and the section's history after faults of the server. */
export const epochs: readonly Rule<StoreTestContext>[] = [
  {
    id: 'STORE-ST-20',
    level: 'MUST',
    statement:
      'A store begins a new epoch when a caller has seen a higher sequence than the section has, and not for a lower or equal one.',
    hint: 'Compare `highestSeen` with the sequence in the step that answers, and only within the same epoch.',
    async run(context) {
      const writer = await context.writer()
      for (let n = 0; n < 3; n++) await writer.write('k', { n: String(n) })
      const { epoch } = writer.state
      const stateAfterQuery = async (highestSeen: { epoch: string; sequence: number }) => {
        const [head] = await context.withTimeout(context.store.heads([{ scope: writer.section, highestSeen }]), 'heads')
        assertThat(head, 'heads of one scope: expected one head, got none')
        return head.state
      }
      for (const seen of [
        { epoch, sequence: 0 },
        { epoch, sequence: 3 },
        { epoch: 'unknown', sequence: 99 },
      ])
        assertEqual(
          (await stateAfterQuery(seen)).epoch,
          epoch,
          `the epoch at sequence 3 after a caller has seen ${JSON.stringify(seen)}`,
        )
      const next = await stateAfterQuery({ epoch, sequence: 4 })
      assertThat(next.epoch !== epoch, 'a caller has seen sequence 4 of 3: expected a new epoch, got the same')
      assertEqual(next.sequence, 3, 'the sequence at the beginning of the new epoch')
      const parent = next.ancestors.at(-1)
      assertThat(
        parent?.epoch === epoch && parent.sequence === 3,
        () => `the new epoch: expected a parent with fork 3, got the lineage ${JSON.stringify(next.ancestors)}`,
      )
      assertEqual(
        (await stateAfterQuery({ epoch, sequence: 4 })).epoch,
        next.epoch,
        'the epoch after a second caller has seen the same sequence of the old epoch',
      )
    },
  },
  {
    id: 'STORE-EPO-01',
    level: 'MUST',
    statement:
      'A commit from another epoch is rejected without any effect, but a known operation id still gets its result.',
    hint: 'Look up the op memory, then compare epochs, then execute.',
    async run(context) {
      const writer = await context.writer()
      const known = writer.request('k', { n: '1' })
      const first = await writer.send(known)
      const late = writer.request('k', { n: '"late"' })
      const { epoch } = writer.state
      await context.store.heads([{ scope: writer.section, highestSeen: { epoch, sequence: 99 } }])
      const rejected = await writer.send(late)
      assertEqual(rejected.status, 'stale-epoch', 'a commit of a writer in an older epoch')
      assertEqual(await writer.value('k'), { n: 1 }, 'the document after a commit from an older epoch')
      assertEqual(
        withoutState(await writer.send(known)),
        withoutState(first),
        'the answer to a known operation id in a new epoch',
      )
      const caughtUp = { ...late, epoch: writer.state.epoch }
      expectCommitted(await writer.send(caughtUp), 'the rejected commit, sent again in the new epoch with the same id')
    },
  },
  {
    id: 'STORE-EPO-02',
    level: 'MUST',
    statement:
      'A precondition counts if it was read at or before the fork; one read after the fork or in an unknown epoch conflicts.',
    hint: 'Look up `readAt` in the lineage.',
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
        'a precondition read in an ancestor epoch after its fork',
      )
      assertEqual(
        await statusOf({ epoch: 'unknown', sequence: 1 }, 3),
        'conflict',
        'a precondition read in an unknown epoch',
      )
      assertEqual(
        await statusOf({ epoch, sequence: 1 }, 4),
        'committed',
        'a precondition read in an ancestor epoch before its fork',
      )
    },
  },
  {
    id: 'STORE-EPO-03',
    level: 'MUST',
    statement:
      "The log continues from a position at or before an ancestor's fork, and answers `unknown-position` after the fork or for an unknown epoch.",
    hint: 'Judge the position by the lineage, and return the changes with the epoch of the answer.',
    async run(context) {
      const writer = await context.writer()
      for (let n = 0; n < 4; n++) await writer.write('k', { n: String(n) })
      const { epoch } = writer.state
      await context.store.heads([{ scope: writer.section, highestSeen: { epoch, sequence: 99 } }])
      const current = await writer.catchUp()
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
        ['page', [3, 4, 5], [current.epoch]],
        'status, sequences and epochs of the log after sequence 2 of the parent epoch',
      )
      for (const position of [
        { epoch, sequence: 5 },
        { epoch: 'unknown', sequence: 1 },
      ]) {
        const { status } = await context.withTimeout(
          context.store.changesSince(writer.section, position, 100),
          'changesSince',
        )
        assertEqual(status, 'unknown-position', `the log after ${JSON.stringify(position)}, with the fork at 4`)
      }
    },
  },
  {
    id: 'STORE-FLT-01',
    level: 'MUST',
    statement:
      'While the server is unavailable, calls reject as retryable with the correct `committed`; afterwards the store works again.',
    hint: "Throw StoreUnavailableError: `committed: 'unknown'` for a commit that may have been sent, `'no'` for reads.",
    skip: requiresFaults('kill', 'restart'),
    async run(context) {
      const writer = await context.writer()
      await writer.write('k', { n: '1' })
      await context.harness.faults?.kill?.()
      const what = 'while the server is unavailable'
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
        assertThat(error.retryable, `${error.code} ${what}: expected retryable: true, got false`)
      assertEqual(write.committed, 'unknown', `\`committed\` of a commit ${what}`)
      await context.harness.faults?.restart?.()
      await context.waitUntil(
        async () => (await context.store.heads([{ scope: writer.section }]).catch(() => [])).length > 0,
        'the store does not answer after a restart',
        timeout,
      )
      await writer.catchUp()
      await writer.write('k', { n: '3' })
    },
  },
  {
    id: 'STORE-FLT-09',
    level: 'MUST',
    statement: 'A commit that is sent again after a lost reply takes effect once, and gets its original answer.',
    hint: "Disable the client's own retries, or rely on the operation id alone.",
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
        'a commit with a lost reply',
        context.stateTimeout * 4,
      )
      assertEqual(lost?.committed, 'unknown', '`committed` of a commit with a lost reply')
      const results = await writer.sendAll(group)
      assertEqual(
        results.map((result) => result.status === 'committed' && result.version),
        [2, 1],
        'the versions in the answers to the repeated group',
      )
      assertEqual((await writer.catchUp()).sequence, 3, 'the sequence after repeating a commit with a lost reply')
    },
  },
  {
    id: 'STORE-FLT-11',
    level: 'MUST',
    statement:
      'When the tail is lost, a new epoch begins with its fork at the end of the common history, and a late write of the lost part is rejected.',
    hint: "Compare the server's identity in every call, in the same step: it is new after every start.",
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
      assertThat(state.epoch !== epoch, 'the tail was lost: expected a new epoch in the next answer, got the same')
      assertEqual(
        [state.ancestors.at(-1)?.epoch, state.ancestors.at(-1)?.sequence],
        [epoch, 4],
        'parent and fork after the loss of the last two of six commits',
      )
      assertEqual([document?.version, state.sequence], [4, 4], 'version and sequence after the loss')
      assertEqual((await writer.send(lost)).status, 'stale-epoch', 'a late copy of a lost write, in its old epoch')
      const page = await context.withTimeout(
        context.store.changesSince(writer.section, { epoch, sequence: 6 }, 10),
        'changesSince',
      )
      assertEqual(page.status, 'unknown-position', 'the log after a lost position')
      assertEqual((await writer.write('k', { n: '7' })).change.sequence, 5, 'the sequence of the next commit')
    },
  },
  {
    id: 'STORE-FLT-12',
    level: 'MUST',
    statement: 'A restart without loss keeps documents, log and op memory, under a new epoch whose fork is the head.',
    hint: 'Keep the op memory and the log when a new epoch begins.',
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
        'the store does not answer after a restart',
        context.stateTimeout * 4,
      )
      const state = await writer.catchUp()
      assertThat(state.epoch !== epoch, 'the server restarted: expected a new epoch, got the same')
      assertEqual(
        [state.ancestors.at(-1)?.epoch, state.ancestors.at(-1)?.sequence, state.sequence],
        [epoch, 2, 2],
        'parent, fork and sequence after a restart',
      )
      assertEqual(await writer.value('k'), { n: 2 }, 'the document after a restart')
      assertEqual((await writer.log(0)).length, 2, 'changes in the log after a restart')
      assertEqual(
        withoutState(await writer.send(request)),
        withoutState(first),
        'the answer to a known operation id after a restart',
      )
    },
  },
  {
    id: 'STORE-FLT-13',
    level: 'MUST',
    statement: 'A failover begins a new epoch, and so does the failback to a server that was promoted before.',
    hint: 'The identity must be new after every promotion; a node id is not enough.',
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
          'the store does not answer after a failover',
          context.stateTimeout * 4,
        )
        const { epoch } = await writer.catchUp()
        assertThat(
          !seen.includes(epoch),
          `another server took over: expected a new epoch, got ${seen.indexOf(epoch) === seen.length - 1 ? 'the same' : 'an earlier one'}`,
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
      "If a section's counters are lost while its documents remain, an epoch without a parent begins above every generation.",
    hint: 'Counters must not expire or be evicted before their documents; if they are missing, begin a new epoch.',
    skip: requiresFaults('loseCounters'),
    async run(context) {
      const writer = await context.writer()
      for (let n = 1; n <= 5; n++) await writer.write('k', { n: String(n) })
      await writer.write('young', { n: '1' })
      const { epoch } = writer.state
      await context.harness.faults?.loseCounters?.(writer.section)
      const state = await writer.catchUp()
      assertThat(state.epoch !== epoch, 'the counters were lost: expected a new epoch, got the same')
      assertEqual(state.ancestors.length, 0, 'the number of parents of an epoch that began without counters')
      const { document } = await writer.load('young')
      const created = await writer.write('newer', { n: '1' })
      assertThat(
        created.generation > (document?.generation ?? 0),
        `a new document: expected a generation above ${document?.generation}, got ${created.generation}`,
      )
    },
  },
]
