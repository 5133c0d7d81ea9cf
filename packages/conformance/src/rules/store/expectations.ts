import type { CommitResult, Expectation } from '@sync/core/adapter'
import { assertEqual, assertThat, format } from '../../checkers/assertions.ts'
import { type Call, checkLinearizability, type Model } from '../../checkers/linearizability.ts'
import { type StoreTestContext, withoutState } from '../../context/store-test-context.ts'
import type { Rule } from '../rule.ts'

/** Writes with a precondition. */
export const expectations: readonly Rule<StoreTestContext>[] = [
  {
    id: 'STORE-ST-05',
    level: 'MUST',
    statement: 'A commit is executed if its precondition holds; otherwise it conflicts and changes nothing.',
    hint: 'Compare generation, version and field versions in the same step that writes.',
    async run(context) {
      const writer = await context.writer()
      await writer.write('k', { a: '1', b: '1' })
      const first = await writer.expectation('k')
      await writer.write('k', { a: '2' }, { expect: first })
      const { readAt, generation, version } = first
      const stale: readonly (readonly [string, Expectation, string])[] = [
        ['an old version', first, 'version'],
        ['another generation', { readAt, generation: generation + 1 }, 'generation'],
        ['absence', { readAt, generation: 0 }, 'exists'],
        ['an old field version', { readAt, generation, fields: { a: 1 } }, 'field'],
        ['a field that was never set', { readAt, generation, fields: { b: 0 } }, 'field'],
        ['a version only', { readAt, version }, 'version'],
      ]
      for (const [what, expect, reason] of stale) {
        const result = await writer.send(writer.request('k', { a: '"wrong"' }, { expect }))
        assertEqual(
          [result.status, 'reason' in result && result.reason],
          ['conflict', reason],
          `a write that expects ${what}`,
        )
      }
      assertEqual(await writer.value('k'), { a: 2, b: 1 }, 'the document after conflicts')
      await writer.write('k', { b: '2' }, { expect: { readAt, generation, fields: { b: 1, c: 0 } } })
      assertEqual(await writer.value('k'), { a: 2, b: 2 }, 'the document after a write that expects one field version')
    },
  },
  {
    id: 'STORE-ST-06',
    level: 'MUST',
    statement: 'A conflict reports its reason and the current versions.',
    hint: 'Fill in `current` in the same step, with generation and version 0 for an absent document.',
    async run(context) {
      const writer = await context.writer()
      const absent = await writer.send(writer.request('missing', { a: '1' }, { allowCreate: false }))
      assertEqual(
        withoutState(absent),
        { status: 'conflict', reason: 'absent', current: { generation: 0, version: 0 } },
        'a write of an absent document without allowCreate',
      )
      const { generation } = await writer.write('k', { a: '1' })
      await writer.write('k', { a: '2' })
      const expect = { readAt: writer.state, generation, fields: { a: 1 } }
      const result = await writer.send(writer.request('k', { a: '3' }, { expect }))
      assertEqual(
        withoutState(result),
        { status: 'conflict', reason: 'field', field: 'a', current: { generation, version: 2 } },
        'a write that expects an old field version',
      )
    },
  },
  {
    id: 'STORE-ST-07',
    level: 'MUST',
    statement: 'Concurrent compare-and-sets and reads of one document are linearizable: each version has one winner.',
    hint: 'Check and write in one step of the server, for all clients.',
    async run(context) {
      const writers = []
      const section = context.section()
      for (let n = 0; n < 4; n++) writers.push(await context.writer({ store: await context.open(), section }))
      const [first] = writers
      const { generation } = (await first?.write('k', { v: '"start"' })) ?? { generation: 0 }
      const history: Call<Input, Output>[] = []
      let time = 0
      const work = writers.map(async (writer, client) => {
        let known = 1
        for (let n = 0; n < 8; n++) {
          const value = `${client}.${n}`
          const write = context.randomInt(4) > 0
          const input: Input = write ? { kind: 'cas', expected: known, value } : { kind: 'read' }
          const invokedAt = time++
          let output: Output
          if (input.kind === 'cas') {
            const expect = { readAt: writer.state, generation, version: known }
            const result = await writer.send(writer.request('k', { v: JSON.stringify(value) }, { expect }))
            output = outputOf(result)
            known = output.version
          } else {
            const { document } = await writer.load('k')
            output = { version: document?.version ?? 0, value: JSON.parse(document?.text ?? '{}').v }
            known = output.version
          }
          history.push({ client: `W${client}`, input, invokedAt, returned: { at: time++, output } })
        }
      })
      await context.withTimeout(Promise.all(work), 'concurrent writes')
      const verdict = checkLinearizability(history, register)
      assertThat(verdict.linearizable, () => notLinearizable('k', verdict as never))
    },
  },
  {
    id: 'STORE-ST-08',
    level: 'MUST',
    statement: 'Of several concurrent creations of one document, exactly one succeeds.',
    hint: 'Absence is a precondition like every other: check it in the step that writes.',
    async run(context) {
      const section = context.section()
      const writers = []
      for (let n = 0; n < 5; n++) writers.push(await context.writer({ store: await context.open(), section }))
      for (let round = 0; round < 5; round++) {
        const key = `k${round}`
        const readAt = writers[0]?.state ?? { epoch: '', sequence: 0 }
        const results = await context.withTimeout(
          Promise.all(
            writers.map((writer, by) =>
              writer.send(writer.request(key, { by: String(by) }, { expect: { readAt, generation: 0 } })),
            ),
          ),
          'concurrent creations',
        )
        const winners = results.flatMap(({ status }, by) => (status === 'committed' ? [by] : []))
        assertThat(
          winners.length === 1,
          `${results.length} concurrent creations of "${key}": expected one to succeed, got ${winners.length}`,
        )
        const losers = results.filter((result) => result.status === 'conflict' && result.reason === 'exists').length
        assertEqual(losers, results.length - 1, 'the number of creations that conflict with `exists`')
        assertEqual(await writers[0]?.value(key), { by: winners[0] }, 'the created document')
      }
    },
  },
  {
    id: 'STORE-ST-27',
    level: 'MUST',
    statement:
      'A commit that requires absence and `notDeleted` conflicts if the key was deleted after it was read, even while it was absent.',
    hint: 'Keep a tombstone with the sequence of each deletion, for at least TOMBSTONE_MS.',
    async run(context) {
      const writer = await context.writer()
      await writer.write('other', { n: '1' })
      const { epoch, sequence } = await writer.catchUp()
      const expect = { readAt: { epoch, sequence }, generation: 0, notDeleted: true }
      const createFrom = async (key: string): Promise<unknown[]> => {
        const result = await writer.send(writer.request(key, { n: '"old"' }, { expect }))
        return [result.status, 'reason' in result && result.reason]
      }
      await writer.write('deleted', { n: '1' })
      await writer.delete('deleted')
      await writer.delete('absent')
      assertEqual(await createFrom('deleted'), ['conflict', 'deleted'], 'a creation with a read before the deletion')
      assertEqual(
        await createFrom('absent'),
        ['conflict', 'deleted'],
        'a creation with a read before the deletion of an absent document',
      )
      assertEqual(await createFrom('free'), ['committed', false], 'a creation without a deletion')
      const later = await writer.catchUp()
      const since = { readAt: { epoch: later.epoch, sequence: later.sequence }, generation: 0, notDeleted: true }
      await writer.write('deleted', { n: '2' }, { expect: since })
      assertEqual(
        await writer.value('deleted'),
        { n: 2 },
        'the document after a creation with a read after the deletion',
      )
    },
  },
  {
    id: 'STORE-ST-22',
    level: 'MUST',
    statement:
      "A change carries a delta only if the stored field is at the delta's base version; otherwise it carries the whole value.",
    hint: "Compare `delta.base` with the field's version, in the expected generation, when the change is assembled.",
    async run(context) {
      const writer = await context.writer()
      const { generation } = await writer.write('k', { f: '{"n":1}' })
      const delta = { ops: '[[2,"/n",2]]', base: 1 }
      const send = async (base: number, expected: number) => {
        const request = writer.request(
          'k',
          {},
          {
            fields: [{ field: 'f', whole: '{"n":2}', delta: { ...delta, base } }],
            expect: { readAt: writer.state, generation: expected },
          },
        )
        const result = await writer.send(request)
        assertThat(result.status === 'committed', `a write with a delta: expected 'committed', got '${result.status}'`)
        return result.change.text
      }
      assertThat((await send(1, generation)).includes('1,[[2,"/n",2]]'), 'a delta on its base version was not sent')
      const text = await send(1, generation)
      assertThat(
        !text.includes('"/n"') && text.includes('{"n":2}'),
        `a delta on another base version was sent: ${text}`,
      )
    },
  },
]

type Input = { readonly kind: 'cas'; readonly expected: number; readonly value: string } | { readonly kind: 'read' }
interface Output {
  readonly ok?: boolean
  readonly version: number
  readonly value?: string
}
interface State {
  readonly version: number
  readonly value: string
}

const outputOf = (result: CommitResult): Output => {
  if (result.status === 'committed') return { ok: true, version: result.version }
  assertThat(
    result.status === 'conflict',
    () => `a compare-and-set: expected 'committed' or 'conflict', got ${format(withoutState(result))}`,
  )
  return { ok: false, version: result.current.version }
}

/** Model of a versioned register with compare-and-set. */
const register: Model<State, Input, Output> = {
  initial: { version: 1, value: 'start' },
  stateKey: ({ version, value }) => `${version} ${value}`,
  isReadOnly: ({ kind }, { ok }) => kind === 'read' || !ok,
  step(state, input, output) {
    if (input.kind === 'read')
      return output && (output.version !== state.version || output.value !== state.value) ? undefined : state
    if (input.expected !== state.version)
      return !output || (!output.ok && output.version === state.version) ? state : undefined
    const next = { version: state.version + 1, value: input.value }
    return output && !(output.ok && output.version === next.version) ? undefined : next
  },
}

function notLinearizable(
  key: string,
  verdict: {
    readonly linearizedPrefix: readonly Call<Input, Output>[]
    readonly blocked: readonly Call<Input, Output>[]
  },
): string {
  const describeCall = ({ client, input, returned }: Call<Input, Output>): string =>
    `${client} ${format(input)} → ${format(returned?.output)}`
  return `key ${JSON.stringify(key)}: not linearizable: after ${verdict.linearizedPrefix.slice(-2).map(describeCall).join('; ') || 'nothing'} none of these can come next: ${verdict.blocked.map(describeCall).join('; ')}`
}
