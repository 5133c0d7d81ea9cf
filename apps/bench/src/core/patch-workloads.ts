import { apply, applyFields, compact, diff, diffFields, type Json, type JsonObject, toJson } from '@sync/core/patch'

import { benchDocument, benchList, withChanges } from './documents.ts'

/** Two ways to do one job. `goal` is how many times as fast as the baseline `ours` has to be. */
export interface PatchWorkload {
  readonly name: string
  readonly goal: number
  readonly ours: () => unknown
  readonly baseline: () => unknown
}

/** The subset of fast-json-patch's default export that is used. The caller provides the library. */
export interface FastJsonPatch {
  compare(base: object, target: object): unknown[]
  // biome-ignore lint/suspicious/noExplicitAny: fast-json-patch has its own operation type
  applyPatch(document: any, patch: any, validate: boolean, mutate: boolean): { readonly newDocument: object }
  deepClone(value: object): unknown
}

/** The subset of jsondiffpatch that is used. The caller provides the library. */
export interface JsonDiffPatch {
  diff(base: unknown, target: unknown): unknown
}

/** Returns a function that takes the next of the prepared inputs at each call, so that no result can be cached. */
function cycle<T, R>(inputs: readonly T[], run: (input: T) => R): () => R {
  let next = 0
  return () => run(inputs[next++ % inputs.length] as T)
}

const parsed = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T
const frozenCopy = <T extends Json>(value: T): T => toJson(value) as T

/** Returns the workloads that measure `@sync/core/patch`: the same work is done by other libraries in the same run. */
export function patchWorkloads(fastJsonPatch: FastJsonPatch, jsonDiffPatch: JsonDiffPatch): PatchWorkload[] {
  const base = frozenCopy(benchDocument())
  const fresh = Array.from({ length: 64 }, (_, n) => parsed(withChanges(base, n)))
  const shared = Array.from({ length: 64 }, (_, n) => toJson(withChanges(base, n)) as JsonObject)
  const patches = shared.map((target) => parsed(diff(base, target)))
  const history = patches.slice(0, 50).flat()
  const edits = shared.map((target) => parsed(diffFields(base, target)))
  const list = frozenCopy({ list: benchList(1) })
  const longer = frozenCopy({ list: [{ id: 'new', title: 'New' }, ...list.list] })
  const freshLonger = Array.from({ length: 8 }, () => parsed(longer))
  return [
    {
      name: 'diff, 3 of 63 fields, fresh from JSON.parse',
      goal: 2,
      ours: cycle(fresh, (target) => diff(base, target)),
      baseline: cycle(fresh, (target) => fastJsonPatch.compare(base, target)),
    },
    {
      name: 'diff by field, 3 of 63 fields, fresh from JSON.parse',
      goal: 2,
      ours: cycle(fresh, (target) => diffFields(base, target)),
      baseline: cycle(fresh, (target) => fastJsonPatch.compare(base, target)),
    },
    {
      name: 'diff, 3 of 63 fields, the rest shared',
      goal: 2,
      ours: cycle(shared, (target) => diff(base, target)),
      baseline: cycle(shared, (target) => fastJsonPatch.compare(base, target)),
    },
    {
      name: 'diff, one inserted at the head of 100 objects, fresh from JSON.parse',
      goal: 1,
      ours: cycle(freshLonger, (target) => diff(list, target)),
      baseline: cycle(freshLonger, (target) => fastJsonPatch.compare(list, target)),
    },
    {
      name: 'diff, one inserted at the head of 100 objects, fresh from JSON.parse, against jsondiffpatch',
      goal: 8,
      ours: cycle(freshLonger, (target) => diff(list, target)),
      baseline: cycle(freshLonger, (target) => jsonDiffPatch.diff(list, target)),
    },
    {
      name: 'apply, 3 of 63 fields, original kept',
      goal: 20,
      ours: cycle(patches, (patch) => apply(base, patch)),
      baseline: cycle(patches, (patch) => fastJsonPatch.applyPatch(base, patch, false, false)),
    },
    {
      name: 'apply, one inserted at the head of 100 objects, original kept',
      goal: 20,
      ours: cycle([parsed(diff(list, longer))], (patch) => apply(list, patch)),
      baseline: cycle([parsed(diff(list, longer))], (patch) => fastJsonPatch.applyPatch(list, patch, false, false)),
    },
    {
      name: 'apply by field, 3 of 63 fields, original kept',
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
