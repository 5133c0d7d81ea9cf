import { createHash } from 'node:crypto'
import { type Collection, isSyncError, type Json } from '@sync/core'
import { decodeChange, type EncodedChange, isCreation } from '@sync/core/adapter'
import { applyFields } from '@sync/core/patch'
import { assertThat } from '../../checkers/assertions.ts'
import { createSeededRandom } from '../../context/seeded-random.ts'
import {
  type SyncTestContext,
  sortKeys,
  type TestDocument,
  type TestInstance,
} from '../../context/sync-test-context.ts'
import type { Rule } from '../rule.ts'

/** Digest of the workload's result on the in-memory pair. It is the same for every store and bus, byte by byte. */
const REFERENCE_DIGEST = '314422279ad1833e0420b560aaca9acba37baef57cfe3493c9f848ef08adcbf3'

/** Seed of the workload, independent of the seed of the run. */
const SEED = 10
const STEPS = 150

/** Equality of the result on every store and bus. */
export const workload: readonly Rule<SyncTestContext>[] = [
  {
    id: 'SYNC-MRG-10',
    level: 'MUST',
    statement: 'One workload produces byte-identical documents and per-document histories on every store and bus.',
    hint: "Compare each document's history with that of the in-memory pair: a version, a field or an order differs.",
    async run(context) {
      const definition = context.define({ section: 'workload' })
      const shortLived = context.define({ section: 'brief', ttl: '300ms' })
      const instances = await context.openInstances(3, definition)
      await runWorkload(context, instances)
      if (context.store.capabilities.ttl)
        await expireAndRecreate(context, context.collectionOf(instances[0].sync ?? (await context.open()), shortLived))
      for (let n = 0; n < KEYS; n++) {
        await context.withTimeout(Promise.all(instances.map(({ docs }) => docs.get(`d${n}`))), 'get')
        await context.expectConverged(
          instances,
          `d${n}`,
          await (await context.writer(context.sectionOf(definition))).value(`d${n}`),
        )
      }
      const histories: unknown[] = []
      for (const each of [definition, ...(context.store.capabilities.ttl ? [shortLived] : [])])
        histories.push(historiesOf(await (await context.writer(context.sectionOf(each))).log()))
      const digest = createHash('sha256').update(JSON.stringify(histories)).digest('hex')
      assertThat(
        digest === REFERENCE_DIGEST,
        `the digest of documents and histories: expected ${REFERENCE_DIGEST}, got ${digest}`,
      )
    },
  },
]

const KEYS = 6

/** Runs the workload. Writers take turns, and the seed alone determines each step. */
async function runWorkload(context: SyncTestContext, instances: readonly TestInstance<TestDocument>[]): Promise<void> {
  const randomInt = createSeededRandom(SEED)
  for (let step = 0; step < STEPS; step++) {
    const { docs } = instances[randomInt(instances.length)] as TestInstance<TestDocument>
    const key = `d${randomInt(KEYS)}`
    const action = actions[randomInt(actions.length)] as Action
    // Reading at the position of the last write makes the result independent of the bus's speed.
    const { state } =
      (await context.store.heads([{ scope: { ...context.sectionOf({ section: 'workload' } as never), key } }]))[0] ?? {}
    await context.withTimeout(docs.get(key, { after: `${state?.sequence}.${state?.epoch}` }), 'get')
    await context.withTimeout(
      action(docs, key, step).catch((error: unknown) => {
        // A rejected write is a valid outcome of a step.
        if (!(isSyncError(error) && error.committed === 'no')) throw error
      }),
      `step ${step} of the workload`,
      context.stateTimeout * 2,
    )
  }
}

type Action = (docs: Collection<TestDocument>, key: string, step: number) => Promise<unknown>

const actions: readonly Action[] = [
  (docs, key, step) => docs.create(key, { n: step, a: { nested: { step } }, list: [] }),
  (docs, key, step) => docs.assign(key, { n: step }),
  (docs, key, step) => docs.assign(key, { n: step, a: 'ü👍\u0001', b: [1.5, -0.1, 1e21, null, true] }),
  (docs, key, step) =>
    docs.update(key, (doc) => {
      doc.n++
      doc.list = [...(doc.list ?? []), { id: step, at: [step, step + 1] }]
    }),
  (docs, key, step) =>
    docs.update(key, (doc) => {
      const first = doc.list?.[0] as { at: Json[] } | undefined
      if (first) first.at[1] = step
      else doc.a = { nested: { step, deeper: {} } }
    }),
  (docs, key) =>
    docs.update(key, (doc) => {
      doc.list?.shift()
    }),
  (docs, key) => docs.unset(key, ['b']),
  (docs, key, step) => docs.set(key, { n: step, list: [step] }),
  async (docs, key, step) => {
    const entry = await docs.getEntry(key)
    return docs.compareAndSet(key, 'a', `cas ${step}`, {
      expectedVersion: step % 2 === 0 ? (entry?.fieldVersions.a ?? 0) : 77,
    })
  },
  (docs, key) => docs.delete(key),
]

/** Creates a document, lets it expire, and creates it again with a new generation. */
async function expireAndRecreate(context: SyncTestContext, docs: Collection<TestDocument>): Promise<void> {
  await context.withTimeout(docs.assign('k', { n: 1 }), 'assign')
  await context.waitUntil(
    async () => (await context.withTimeout(docs.get('k'), 'get')) === undefined,
    'a document with a TTL did not expire',
  )
  await context.withTimeout(docs.assign('k', { n: 2 }), 'assign')
}

/** Returns each document's history: versions and value after every change. The encoding of changes is not part of it. */
function historiesOf(changes: readonly EncodedChange[]): unknown {
  const documents = new Map<string, { value: object; steps: unknown[] }>()
  for (const encoded of changes) {
    const change = decodeChange(encoded)
    const known = documents.get(change.key) ?? { value: {}, steps: [] }
    documents.set(change.key, known)
    const { generation, version, sequence, edits } = change
    if (!Array.isArray(edits)) known.value = {}
    else known.value = applyFields((isCreation(change) ? {} : known.value) as never, edits)
    const fields = Array.isArray(edits)
      ? edits.map((edit) => [edit.field, edit.version, edit.kind === 'removed'])
      : edits
    known.steps.push([generation, version, sequence, sortKeys(fields), sortKeys(known.value)])
  }
  return [...documents].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, { steps }]) => [key, steps])
}
