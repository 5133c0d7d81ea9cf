import { decodeChange } from '@sync/core/adapter'
import { assertEqual, assertThat } from '../../checkers/assertions.ts'
import type { StoreTestContext } from '../../context/store-test-context.ts'
import type { Rule } from '../rule.ts'

/** The section's sequence and log, and the contents of answered changes. */
export const log: readonly Rule<StoreTestContext>[] = [
  {
    id: 'STORE-ST-15',
    level: 'MUST',
    statement: 'The log contains every change in commit order, as it was answered, and its pages join without a gap.',
    hint: "Append in the step that commits. `upTo` is the sequence up to which a page is complete, also for a document's scope.",
    async run(context) {
      const writer = await context.writer()
      const answered = []
      for (let n = 0; n < 40; n++) {
        const key = `k${context.randomInt(4)}`
        answered.push((n % 9 === 8 ? await writer.delete(key) : await writer.write(key, { n: String(n) })).change)
      }
      assertEqual(await writer.log(), answered, 'the log')
      const { epoch } = writer.state
      for (const scope of [writer.section, writer.ref('k1')]) {
        const expected = 'key' in scope ? answered.filter(({ key }) => key === 'k1') : answered
        const pages = []
        let after = 0
        do {
          const page = await context.withTimeout(
            context.store.changesSince(scope, { epoch, sequence: after }, 7),
            'changesSince',
          )
          assertThat(
            page.status === 'page' && page.changes.length <= 7,
            `expected a page of at most 7 changes, got '${page.status}' with ${page.changes.length}`,
          )
          assertThat(
            page.upTo > after || after === 40,
            `a page after ${after}: expected a higher upTo, got ${page.upTo}`,
          )
          pages.push(...page.changes)
          after = page.upTo
        } while (after < 40)
        assertEqual(pages, expected, `the pages of ${JSON.stringify(scope)}`)
      }
      const end = await context.withTimeout(
        context.store.changesSince(writer.section, { epoch, sequence: 40 }, 7),
        'changesSince',
      )
      assertEqual(
        [end.status, end.changes.length, end.upTo, end.state.sequence],
        ['page', 0, 40, 40],
        'status, changes, upTo and sequence of the log after the head',
      )
    },
  },
  {
    id: 'STORE-ST-25',
    level: 'MUST',
    statement:
      'A log that no longer contains the changes after a position answers `truncated`, never an empty or partial page.',
    hint: 'Compare the position with the oldest entry; an empty log of a section with a higher sequence is truncated too.',
    skip: ({ harness }) => (harness.limits?.maxChanges ? undefined : 'the harness does not declare limits.maxChanges'),
    async run(context) {
      const { maxChanges = 0 } = context.harness.limits ?? {}
      const writer = await context.writer()
      const total = maxChanges * 3
      for (let n = 0; n < total; n += 50)
        await writer.sendAll(Array.from({ length: 50 }, (_, at) => writer.request('k', { n: String(n + at) })))
      const { epoch, sequence } = await writer.catchUp()
      for (const scope of [writer.section, writer.ref('k'), writer.ref('missing')]) {
        const page = await context.withTimeout(
          context.store.changesSince(scope, { epoch, sequence: 1 }, 1_000),
          'changesSince',
        )
        assertEqual(
          page.status,
          'truncated',
          `the log of ${JSON.stringify(scope)} after sequence 1 of ${sequence}, with a maximum of ${maxChanges} changes`,
        )
        assertEqual(page.state.sequence, sequence, 'the sequence in the answer of a truncated log')
      }
    },
  },
  {
    id: 'STORE-ST-16',
    level: 'MUST',
    statement: "The section's sequence rises by one per commit, without holes, across all clients and documents.",
    hint: 'Keep one counter per section at the server, and increment it only in the step that commits.',
    async run(context) {
      const section = context.section()
      const writers = []
      for (let n = 0; n < 4; n++) writers.push(await context.writer({ store: await context.open(), section }))
      const results = await context.withTimeout(
        Promise.all(
          writers.flatMap((writer, by) =>
            Array.from({ length: 12 }, (_, n) => writer.write(`k${(by + n) % 5}`, { n: String(n) })),
          ),
        ),
        'concurrent commits',
      )
      const sequences = results.map(({ change }) => change.sequence).sort((a, b) => a - b)
      assertEqual(
        sequences,
        Array.from({ length: 48 }, (_, at) => at + 1),
        'the sequences of 48 concurrent commits',
      )
      const unchanged = await writers[0]?.send(writers[0].request('k0', { missing: undefined }))
      assertEqual(
        [unchanged?.status, unchanged?.state.sequence],
        ['unchanged', 48],
        'status and sequence of a write without effect',
      )
      for (const key of ['k0', 'k1', 'k2', 'k3', 'k4']) {
        const versions = results
          .filter(({ change }) => change.key === key)
          .map(({ version }) => version)
          .sort((a, b) => a - b)
        assertEqual(
          versions,
          versions.map((_, at) => at + 1),
          `the versions of ${key} after concurrent commits`,
        )
      }
    },
  },
  {
    id: 'STORE-ST-26',
    level: 'MUST',
    statement:
      'The change in an answer is complete: key, epoch, generation, version, sequence, time, field versions, values and meta.',
    hint: "Assemble it with the core's `assembleChange`: the texts are the writer's, the numbers are the store's.",
    async run(context) {
      const writer = await context.writer()
      const meta = { actor: 'kit', trace: '00-1' }
      const first = await writer.write('k', { a: '{"x":[1]}', b: 'null' }, { meta })
      const change = decodeChange(first.change)
      const { time, ...rest } = change
      assertEqual(
        rest,
        {
          key: 'k',
          epoch: writer.state.epoch,
          origin: first.change.origin,
          generation: 1,
          version: 1,
          sequence: 1,
          edits: [
            { field: 'a', version: 1, kind: 'whole', value: { x: [1] } },
            { field: 'b', version: 1, kind: 'whole', value: null },
          ],
          meta,
        },
        'the change of a first commit',
      )
      assertThat(time > 0, `the time of a change: expected a positive number, got ${time}`)
      assertEqual(
        (await writer.load('k')).document?.changedAt,
        time,
        '`changedAt` of the document (the time of its last change)',
      )
      const second = decodeChange((await writer.write('k', { a: undefined })).change)
      assertEqual(second.edits, [{ field: 'a', version: 2, kind: 'removed' }], 'the edits of a removal')
      assertEqual(decodeChange((await writer.delete('k')).change).edits, 'removed', 'the edits of a deletion')
    },
  },
  {
    id: 'STORE-HEAD-01',
    level: 'MUST',
    statement: '`heads` returns section states and document versions in request order, also for absent documents.',
    hint: 'Use one step per scope. For a document, add its versions: generation and version 0 if it is absent.',
    async run(context) {
      const [one, two] = [await context.writer(), await context.writer()]
      await one.write('a', { n: '1' })
      const { generation } = await two.write('x', { n: '1' })
      await two.write('x', { n: '2' })
      const heads = await context.withTimeout(
        context.store.heads([
          { scope: two.ref('x') },
          { scope: one.section },
          { scope: two.ref('missing') },
          { scope: two.section },
        ]),
        'heads',
      )
      assertEqual(
        heads.map(({ state, document }) => [state.sequence, document]),
        [
          [2, { generation, version: 2 }],
          [1, undefined],
          [2, { generation: 0, version: 0 }],
          [2, undefined],
        ],
        'sequence and document of four heads',
      )
    },
  },
]
