import type { Change, Collection, Json } from '@sync/core'
import { apply, diff } from '@sync/core/patch'
import { record, replay } from '@sync/core/recording'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Doc, openTestInstance, textOf } from './test-instance.ts'

const key = fc.constantFrom('a', 'b', 'c\n"ü', 'd')
const number = fc.integer({ min: -5, max: 5 })
const doc = fc.record(
  {
    n: number,
    list: fc.array(number, { maxLength: 4 }),
    nested: fc.dictionary(fc.constantFrom('p', 'q/~', ''), number),
  },
  { requiredKeys: ['n'] },
)
const step = fc.oneof(
  fc.record({ kind: fc.constant('replace' as const), key, doc }),
  fc.record({ kind: fc.constant('set' as const), key, n: number }),
  fc.record({ kind: fc.constant('edit' as const), key, n: number, at: fc.nat(3) }),
  fc.record({ kind: fc.constant('unset' as const), key }),
  fc.record({ kind: fc.constant('delete' as const), key }),
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

async function perform(docs: Collection<Doc>, given: Step): Promise<void> {
  const absent = (error: { code?: string }): void => {
    if (error.code !== 'SYNC_NOT_FOUND') throw error
  }
  switch (given.kind) {
    case 'replace':
      await docs.set(given.key, given.doc)
      return
    case 'set':
      await docs.assign(given.key, { n: given.n })
      return
    case 'unset':
      await docs.unset(given.key, ['list']).catch(absent)
      return
    case 'delete':
      await docs.delete(given.key)
      return
    case 'edit':
      await docs
        .update(given.key, (draft) => {
          draft.list ??= []
          draft.list.splice(given.at, given.n % 2, given.n)
          draft.nested ??= {}
          draft.nested['q/~'] = given.n
        })
        .catch(absent)
  }
}

/** Returns each document's successive states, without commits that changed nothing. */
async function historyOf(docs: Collection<Doc>): Promise<Record<string, Json[]>> {
  const { position } = await docs.assign('mark', { n: 0 })
  const beginning = { after: `0.${position.slice(position.indexOf('.') + 1)}` }
  const history: Record<string, Json[]> = {}
  for await (const batch of docs.changes({ from: beginning, until: 'now', combine: false })) {
    for (const change of batch) {
      const states = history[change.key] ?? [null]
      history[change.key] = states
      const before = states.at(-1) as Json
      const after = stateAfter(before, change)
      if (diff(before, after).length > 0) states.push(after)
    }
  }
  return history
}

function stateAfter(before: Json, change: Change<Doc>): Json {
  if ('patch' in change) return apply(before, change.patch)
  return change.kind === 'removed' ? null : (change.value as Json)
}

/** Yields the text in pieces of `size` bytes, which may split characters. */
function* cut(text: string, size: number): Generator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

describe('record() and replay()', () => {
  it("reproduce the documents and each document's steps from the beginning of a workload", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 200 }), async (steps, size) => {
        await using source = openTestInstance()
        await using target = openTestInstance()
        const stop = new AbortController()
        await source.docs.ready()
        const recording = textOf(record(source.docs, { from: 'now', signal: stop.signal }))
        await new Promise((resolve) => setImmediate(resolve))
        for (const each of steps) await perform(source.docs, each)
        await source.sync.catchUp()
        await new Promise((resolve) => setImmediate(resolve))
        stop.abort()
        await replay(cut(await recording, size), target.docs)
        expect(target.stored()).toEqual(source.stored())
        expect(await historyOf(target.docs)).toEqual(await historyOf(source.docs))
      }),
      { numRuns: 100 },
    )
  })

  it('reproduce the documents from a snapshot taken midway', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.array(step, { maxLength: 30 }), async (before, after) => {
        await using source = openTestInstance()
        await using target = openTestInstance()
        for (const each of before) await perform(source.docs, each)
        const stop = new AbortController()
        const recording = textOf(record(source.docs, { signal: stop.signal }))
        for (const each of after) await perform(source.docs, each)
        await source.sync.catchUp()
        await new Promise((resolve) => setImmediate(resolve))
        stop.abort()
        await replay([await recording], target.docs)
        expect(target.stored()).toEqual(source.stored())
      }),
      { numRuns: 100 },
    )
  })

  it('reproduce a truncated recording up to the cut, and the rest when continued after the last replayed line', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        async (steps, share) => {
          await using source = openTestInstance()
          await using target = openTestInstance()
          await using partly = openTestInstance()
          const { position } = await source.docs.assign('a', { n: 0 })
          const beginning = { after: `0.${position.slice(position.indexOf('.') + 1)}` }
          for (const each of steps) await perform(source.docs, each)
          const text = await textOf(record(source.docs, { from: beginning, until: 'now' }))
          const short = Buffer.from(text).subarray(0, Math.floor(share * (Buffer.byteLength(text) - 1)))
          const error = await replay([short], target.docs).catch((thrown: unknown) => thrown)
          expect(error).toMatchObject({ code: 'SYNC_RECORDING', reason: 'truncated' })
          const { line } = error as { line: number }
          const whole = text.split('\n').slice(0, line - 1)
          await replay([[...whole, `{"end":${Math.max(0, line - 2)}}`].join('\n')], partly.docs).catch(() => {})
          expect(target.stored()).toEqual(partly.stored())
          await replay([text], target.docs, { after: line - 1 })
          expect(target.stored()).toEqual(source.stored())
        },
      ),
      { numRuns: 100 },
    )
  })
})
