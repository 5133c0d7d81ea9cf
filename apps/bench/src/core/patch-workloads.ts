import { apply, applyFields, compact, diff, diffFields, type Json, type JsonObject, toJson } from '@sync/core/patch'

/** Two ways to do one job, to be run in turns; `goal` is how many times as fast `ours` ought to be. */
export interface PatchWorkload {
  readonly name: string
  readonly goal: number
  readonly ours: () => unknown
  readonly yardstick: () => unknown
}

/** What is needed of fast-json-patch (its default export), which whoever runs this brings along. */
export interface FastJsonPatch {
  compare(base: object, wanted: object): unknown[]
  // biome-ignore lint/suspicious/noExplicitAny: its own type of operation is another one
  applyPatch(document: any, patch: any, validate: boolean, mutate: boolean): { readonly newDocument: object }
  deepClone(value: object): unknown
}

const FIELDS = 63
const TOPICS = ['price', 'stock', 'route', 'carrier', 'margin', 'label', 'window', 'score', 'origin'] as const

/** A document as services share them: 63 fields, 3.4 KB as JSON, always the same one for the same number. */
function benchDocument(seed = 1): JsonObject {
  const random = generator(seed)
  const fields: [string, Json][] = []
  for (let i = 0; i < FIELDS; i++) {
    const topic = TOPICS[i % TOPICS.length] as string
    fields.push([`${topic}${Math.floor(i / TOPICS.length) + 1}`, fieldValue(i, topic, random)])
  }
  return Object.fromEntries(fields)
}

function fieldValue(i: number, topic: string, random: () => number): Json {
  const code = Math.floor(random() * 1e6)
  switch (i % 7) {
    case 0:
      return code
    case 1:
      return Math.round(random() * 1e4) / 100
    case 2:
      return `${topic} of the ${code % 2 === 0 ? 'northern' : 'southern'} region, checked by operator ${code % 17}, revision ${code}`
    case 3:
      return {
        id: `${topic}-${code}`,
        amount: Math.round(random() * 1e3),
        note: `set by rule ${code % 97} of the spring tariff`,
        currency: 'EUR',
        active: code % 3 > 0,
      }
    case 4:
      return code % 2 === 0
    case 5:
      return [`${topic} ${code}`, { at: code, level: Math.floor(random() * 100), by: `operator ${code % 17}` }]
    default:
      return code % 5 === 0 ? null : `planned for ${new Date(1.7e12 + code * 1e4).toISOString()}, not confirmed`
  }
}

/** A list of 100 records, as they stand in a feed, a queue or an order book. */
function benchList(seed: number): readonly JsonObject[] {
  const random = generator(seed)
  return Array.from({ length: 100 }, (_, i) => ({
    id: `item-${i}`,
    title: `Item number ${i}`,
    price: Math.round(random() * 1e4) / 100,
    tags: ['new', i % 2 === 0 ? 'even' : 'odd'],
  }))
}

/** A small linear congruential generator (Numerical Recipes): no randomness without a seed. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** Runs through prepared inputs, so that no result can be had twice. */
function rotating<T, R>(inputs: readonly T[], run: (input: T) => R): () => R {
  let next = 0
  return () => run(inputs[next++ % inputs.length] as T)
}

/** The document after a usual write: a number, a text, and one member inside an object. */
function changed(base: JsonObject, n: number): JsonObject {
  return {
    ...base,
    price1: n,
    carrier4: `carrier of revision ${n}`,
    stock2: { ...(base['stock2'] as JsonObject), amount: n },
  }
}

const parsed = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T
const frozenCopy = <T extends Json>(value: T): T => toJson(value) as T

/** What `@sync/core/patch` is measured by: the same work done by fast-json-patch in the same run. */
export function patchWorkloads(fastJsonPatch: FastJsonPatch): PatchWorkload[] {
  const base = frozenCopy(benchDocument())
  const fresh = Array.from({ length: 64 }, (_, n) => parsed(changed(base, n)))
  const shared = Array.from({ length: 64 }, (_, n) => toJson(changed(base, n)) as JsonObject)
  const patches = shared.map((wanted) => parsed(diff(base, wanted)))
  const history = patches.slice(0, 50).flat()
  const edits = shared.map((wanted) => parsed(diffFields(base, wanted)))
  const list = frozenCopy({ list: benchList(1) })
  const longer = frozenCopy({ list: [{ id: 'new', title: 'New' }, ...list.list] })
  return [
    {
      name: 'diff, 3 of 63 fields, fresh from JSON.parse',
      goal: 2,
      ours: rotating(fresh, (wanted) => diff(base, wanted)),
      yardstick: rotating(fresh, (wanted) => fastJsonPatch.compare(base, wanted)),
    },
    {
      name: 'diff by field, 3 of 63 fields, fresh from JSON.parse',
      goal: 2,
      ours: rotating(fresh, (wanted) => diffFields(base, wanted)),
      yardstick: rotating(fresh, (wanted) => fastJsonPatch.compare(base, wanted)),
    },
    {
      name: 'diff, 3 of 63 fields, the rest shared',
      goal: 2,
      ours: rotating(shared, (wanted) => diff(base, wanted)),
      yardstick: rotating(shared, (wanted) => fastJsonPatch.compare(base, wanted)),
    },
    {
      name: 'diff, one put in at the head of 100 objects, fresh',
      goal: 1,
      ours: () => diff(list, longer),
      yardstick: () => fastJsonPatch.compare(list, longer),
    },
    {
      name: 'apply, 3 of 63 fields, document kept',
      goal: 20,
      ours: rotating(patches, (patch) => apply(base, patch)),
      yardstick: rotating(patches, (patch) => fastJsonPatch.applyPatch(base, patch, false, false)),
    },
    {
      name: 'apply, one put in at the head of 100 objects, document kept',
      goal: 20,
      ours: rotating([parsed(diff(list, longer))], (patch) => apply(list, patch)),
      yardstick: rotating([parsed(diff(list, longer))], (patch) => fastJsonPatch.applyPatch(list, patch, false, false)),
    },
    {
      name: 'apply by field, 3 of 63 fields, document kept',
      goal: 20,
      ours: rotating(edits, (edit) => applyFields(base, edit)),
      yardstick: rotating(patches, (patch) => fastJsonPatch.applyPatch(base, patch, false, false)),
    },
    {
      name: 'compact 50 changes of one document, against applying them and diffing again',
      goal: 1,
      ours: () => compact(history),
      yardstick: () => fastJsonPatch.compare(base, fastJsonPatch.applyPatch(base, history, false, false).newDocument),
    },
    {
      name: 'toJson, a document fresh from JSON.parse, against a deep clone',
      goal: 1,
      ours: rotating(fresh, (value) => toJson(value)),
      yardstick: rotating(fresh, (value) => fastJsonPatch.deepClone(value)),
    },
  ]
}
