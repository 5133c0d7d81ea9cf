import { createHash } from 'node:crypto'
import { type Collection, type Json, SyncError } from '@sync/core'
import { decodeChange, type EncodedChange, isBirth } from '@sync/core/adapter'
import { applyFields } from '@sync/core/patch'
import { demand } from '../../judge/violation.ts'
import { diceFrom } from '../../stage/dice.ts'
import { type Doc, type Member, type SyncStage, sorted } from '../../stage/sync-stage.ts'
import type { Rule } from '../rule.ts'

/** What the in-memory pair makes of the workload: the same for every store and bus, byte by byte. */
const REFERENCE = 'f1fd925704b877928d2fdd03f44e091447cfb4870d40038a4504b44af42058e9'

/** Of the workload, whatever the seed of the run. */
const SEED = 10
const STEPS = 150

/** The same result everywhere. */
export const workload: readonly Rule<SyncStage>[] = [
  {
    id: 'SYNC-MRG-10',
    level: 'MUST',
    sentence: 'One workload makes byte-identical documents and per-document histories on every store and bus.',
    hint: 'Compare the histories of one document after another with those of the in-memory pair: a version, a field or an order differs.',
    async run(stage) {
      const definition = stage.define({ section: 'workload' })
      const brief = stage.define({ section: 'brief', ttl: 300 })
      const members = await stage.fleet(3, definition)
      await play(stage, members)
      if (stage.store.capabilities.ttl)
        await expireOnce(stage, stage.at(members[0].sync ?? (await stage.open()), brief))
      for (let n = 0; n < KEYS; n++) {
        await stage.settled(Promise.all(members.map(({ docs }) => docs.get(`d${n}`))), 'get')
        await stage.agree(members, `d${n}`, await (await stage.writer(stage.sectionOf(definition))).value(`d${n}`))
      }
      const told: unknown[] = []
      for (const each of [definition, ...(stage.store.capabilities.ttl ? [brief] : [])])
        told.push(historiesOf(await (await stage.writer(stage.sectionOf(each))).log()))
      const digest = createHash('sha256').update(JSON.stringify(told)).digest('hex')
      demand(digest === REFERENCE, `the digest of documents and histories is ${digest} in place of ${REFERENCE}`)
    },
  },
]

const KEYS = 6

/** Writers take turns: what each does follows from the dice alone. */
async function play(stage: SyncStage, members: readonly Member<Doc>[]): Promise<void> {
  const int = diceFrom(SEED)
  for (let step = 0; step < STEPS; step++) {
    const { docs } = members[int(members.length)] as Member<Doc>
    const key = `d${int(KEYS)}`
    const action = actions[int(actions.length)] as Action
    // as of the last write: nothing depends on how fast a bus is
    const { standing } =
      (await stage.store.heads([{ scope: { ...stage.sectionOf({ section: 'workload' } as never), key } }]))[0] ?? {}
    await stage.settled(docs.get(key, { after: `${standing?.sequence}.${standing?.epoch}` }), 'get')
    await stage.settled(
      action(docs, key, step).catch((error: unknown) => {
        // a refusal is an answer like every other
        if (!(error instanceof SyncError && error.committed === 'no')) throw error
      }),
      `step ${step} of the workload`,
      stage.patience * 2,
    )
  }
}

type Action = (docs: Collection<Doc>, key: string, step: number) => Promise<unknown>

const actions: readonly Action[] = [
  (docs, key, step) => docs.create(key, { n: step, a: { nested: { step } }, list: [] }),
  (docs, key, step) => docs.set(key, { n: step }),
  (docs, key, step) => docs.set(key, { n: step, a: 'ü👍\u0001', b: [1.5, -0.1, 1e21, null, true] }),
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
  (docs, key, step) => docs.replace(key, { n: step, list: [step] }),
  async (docs, key, step) => {
    const entry = await docs.entry(key)
    return docs.trySet(key, 'a', `cas ${step}`, {
      expectedVersion: step % 2 === 0 ? (entry?.fieldVersions.a ?? 0) : 77,
    })
  },
  (docs, key) => docs.delete(key),
]

/** A document lives, expires, and lives again: its second life is another one. */
async function expireOnce(stage: SyncStage, docs: Collection<Doc>): Promise<void> {
  await stage.settled(docs.set('k', { n: 1 }), 'set')
  await stage.until(
    async () => (await stage.settled(docs.get('k'), 'get')) === undefined,
    'a document with a ttl did not expire',
  )
  await stage.settled(docs.set('k', { n: 2 }), 'set')
}

/** What became of each document, step by step: versions, and the value after it. How a change travelled is not part of it. */
function historiesOf(changes: readonly EncodedChange[]): unknown {
  const documents = new Map<string, { value: object; steps: unknown[] }>()
  for (const encoded of changes) {
    const change = decodeChange(encoded)
    const known = documents.get(change.key) ?? { value: {}, steps: [] }
    documents.set(change.key, known)
    const { generation, version, sequence, edits } = change
    if (!Array.isArray(edits)) known.value = {}
    else known.value = applyFields((isBirth(change) ? {} : known.value) as never, edits)
    const fields = Array.isArray(edits)
      ? edits.map((edit) => [edit.field, edit.version, edit.kind === 'removed'])
      : edits
    known.steps.push([generation, version, sequence, sorted(fields), sorted(known.value)])
  }
  return [...documents].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, { steps }]) => [key, steps])
}
