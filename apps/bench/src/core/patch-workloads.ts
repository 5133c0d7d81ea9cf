import { apply, applyFields, compact, diff, diffFields, type Json, type JsonObject, toJson } from '@sync/core/patch'

import { benchDocument, benchList, withChanges } from './documents.ts'

/** Two ways to do one job, to be run in turns; `goal` is how many times as fast `ours` ought to be. */
export interface PatchWorkload {
  readonly name: string
  readonly goal: number
  readonly ours: () => unknown
  readonly baseline: () => unknown
}

/** What is needed of fast-json-patch (its default export), which whoever runs this brings along. */
export interface FastJsonPatch {
  compare(base: object, wanted: object): unknown[]
  // biome-ignore lint/suspicious/noExplicitAny: its own type of operation is another one
  applyPatch(document: any, patch: any, validate: boolean, mutate: boolean): { readonly newDocument: object }
  deepClone(value: object): unknown
}

/** What is needed of jsondiffpatch, which whoever runs this brings along. */
export interface JsonDiffPatch {
  diff(base: unknown, wanted: unknown): unknown
}

/** Runs through prepared inputs, so that no result can be had twice. */
function cycle<T, R>(inputs: readonly T[], run: (input: T) => R): () => R {
  let next = 0
  return () => run(inputs[next++ % inputs.length] as T)
}

const parsed = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T
const frozenCopy = <T extends Json>(value: T): T => toJson(value) as T

/** What `@sync/core/patch` is measured by: the same work done by others in the same run. */
export function patchWorkloads(fastJsonPatch: FastJsonPatch, jsonDiffPatch: JsonDiffPatch): PatchWorkload[] {
  const base = frozenCopy(benchDocument())
  const fresh = Array.from({ length: 64 }, (_, n) => parsed(withChanges(base, n)))
  const shared = Array.from({ length: 64 }, (_, n) => toJson(withChanges(base, n)) as JsonObject)
  const patches = shared.map((wanted) => parsed(diff(base, wanted)))
  const history = patches.slice(0, 50).flat()
  const edits = shared.map((wanted) => parsed(diffFields(base, wanted)))
  const list = frozenCopy({ list: benchList(1) })
  const longer = frozenCopy({ list: [{ id: 'new', title: 'New' }, ...list.list] })
  const freshLonger = Array.from({ length: 8 }, () => parsed(longer))
  return [
    {
      name: 'diff, 3 of 63 fields, fresh from JSON.parse',
      goal: 2,
      ours: cycle(fresh, (wanted) => diff(base, wanted)),
      baseline: cycle(fresh, (wanted) => fastJsonPatch.compare(base, wanted)),
    },
    {
      name: 'diff by field, 3 of 63 fields, fresh from JSON.parse',
      goal: 2,
      ours: cycle(fresh, (wanted) => diffFields(base, wanted)),
      baseline: cycle(fresh, (wanted) => fastJsonPatch.compare(base, wanted)),
    },
    {
      name: 'diff, 3 of 63 fields, the rest shared',
      goal: 2,
      ours: cycle(shared, (wanted) => diff(base, wanted)),
      baseline: cycle(shared, (wanted) => fastJsonPatch.compare(base, wanted)),
    },
    {
      name: 'diff, one put in at the head of 100 objects, fresh',
      goal: 1,
      ours: cycle(freshLonger, (wanted) => diff(list, wanted)),
      baseline: cycle(freshLonger, (wanted) => fastJsonPatch.compare(list, wanted)),
    },
    {
      name: 'diff, one put in at the head of 100 objects, fresh, against jsondiffpatch',
      goal: 8,
      ours: cycle(freshLonger, (wanted) => diff(list, wanted)),
      baseline: cycle(freshLonger, (wanted) => jsonDiffPatch.diff(list, wanted)),
    },
    {
      name: 'apply, 3 of 63 fields, document kept',
      goal: 20,
      ours: cycle(patches, (patch) => apply(base, patch)),
      baseline: cycle(patches, (patch) => fastJsonPatch.applyPatch(base, patch, false, false)),
    },
    {
      name: 'apply, one put in at the head of 100 objects, document kept',
      goal: 20,
      ours: cycle([parsed(diff(list, longer))], (patch) => apply(list, patch)),
      baseline: cycle([parsed(diff(list, longer))], (patch) => fastJsonPatch.applyPatch(list, patch, false, false)),
    },
    {
      name: 'apply by field, 3 of 63 fields, document kept',
      goal: 20,
      ours: cycle(edits, (edit) => applyFields(base, edit)),
      baseline: cycle(patches, (patch) => fastJsonPatch.applyPatch(base, patch, false, false)),
    },
    {
      name: 'compact 50 changes of one document, against applying them and diffing again',
      goal: 1,
      ours: () => compact(history),
      baseline: () => fastJsonPatch.compare(base, fastJsonPatch.applyPatch(base, history, false, false).newDocument),
    },
    {
      name: 'toJson, a document fresh from JSON.parse, against a deep clone',
      goal: 1,
      ours: cycle(fresh, (value) => toJson(value)),
      baseline: cycle(fresh, (value) => fastJsonPatch.deepClone(value)),
    },
  ]
}
